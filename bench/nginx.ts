import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where Debian and most others put it; the arm is left out when it is absent. */
export const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync)

/** Writes a plain streaming reverse proxy with one worker, and answers the command that runs it. */
export function nginxCommand(folder: string, ports: { listen: number; upstream: number }): string[] {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'nginx.conf')
  writeFileSync(
    file,
    `worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} crit;
events { worker_connections 16000; }
http {
  access_log off;
  client_body_temp_path ${join(folder, 'body')};
  proxy_temp_path ${join(folder, 'proxy')};
  fastcgi_temp_path ${join(folder, 'fastcgi')};
  uwsgi_temp_path ${join(folder, 'uwsgi')};
  scgi_temp_path ${join(folder, 'scgi')};
  client_max_body_size 40m;
  keepalive_requests 1000000;
  upstream model { server 127.0.0.1:${ports.upstream}; keepalive 256; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${ports.listen} backlog=8192;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 3600s;
    }
  }
}
`,
  )
  return [NGINX ?? 'nginx', '-c', file, '-p', folder]
}
