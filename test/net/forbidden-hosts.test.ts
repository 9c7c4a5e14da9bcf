import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeAnswer, judgeHost } from '../../app/net/ssrf-guard.ts'

/** The verdict on the host of a URL, as the URL standard writes it. */
const judge = (host: string) => judgeHost(new URL(`http://${host}/`).hostname)

function allAre(verdict: string | null, hosts: readonly string[]): void {
  assert.deepEqual(
    hosts.map(host => [host, judge(host)]),
    hosts.map(host => [host, verdict]),
  )
}

test('loopback is recognised as decimal, octal, hexadecimal and short address', () => {
  allAre('loopback', ['127.0.0.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7f.1', '127.1'])
  allAre('loopback', [
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '127.0.0x1',
    '%31%32%37.1',
    '１２７。0。0。1',
  ])
})

test('loopback is recognised by name, in any case and with a trailing dot', () => {
  allAre('loopback', [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost..',
    'api.localhost',
    'a.b.localhost.',
  ])
})

test('loopback is recognised inside IPv6', () => {
  allAre('loopback', ['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::7f00:1]'])
  allAre('loopback', ['[64:ff9b::127.0.0.1]', '[64:ff9b:1::7f00:1]', '[64:ff9b:1:7f00:0:100::]'])
  allAre('loopback', ['[2002:7f00:1::]', '[2002:7f00:1:1:2:3:4:5]', '[::ffff:0:127.0.0.1]'])
  allAre('loopback', ['[2001:0:7f00:1::f5ff:fffe]', '[2001:0:808:808::80ff:fffe]'])
})

test('the metadata address of every cloud is recognised in every spelling', () => {
  allAre('metadata', ['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518'])
  allAre('metadata', ['169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', '0x646464c8'])
  allAre('metadata', ['[fd00:ec2::254]', '[fd00:ec2:1::1]', '[fd20:ce::254]', '[::ffff:169.254.169.254]'])
  allAre('metadata', [
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1:a9fe:a9:fe00::]',
    '[2002:a9fe:a9fe::1]',
    '[::a9fe:a9fe]',
  ])
  allAre('metadata', ['[2001:0:a9fe:a9fe::1]', '[2001:0:808:808::5601:5601]', '[64:ff9b::100.100.100.200]'])
})

test('metadata names are refused before anybody resolves them', () => {
  allAre('metadata', ['metadata.google.internal', 'METADATA.google.internal.', 'metadata.goog', 'metadata'])
  allAre('metadata', ['instance-data', 'instance-data.ec2.internal', 'metadata.'])
})

test('link-local addresses are refused', () => {
  allAre('link-local', [
    '169.254.0.1',
    '0xa9fe0001',
    '2851995649',
    '[fe80::1]',
    '[febf::1]',
    '[::ffff:169.254.1.1]',
  ])
  allAre('link-local', ['[64:ff9b::169.254.1.1]', '[2002:a9fe:101::]', '[2001:0:808:808::5601:fefe]'])
})

test('addresses that stand for no machine are refused', () => {
  allAre('unspecified', ['0.0.0.0', '0', '0x0', '0.1.2.3', '[::]', '[::ffff:0.0.0.0]', '[::2]', '[2002::1]'])
  allAre('multicast', ['224.0.0.1', '239.255.255.255', '[ff02::1]', '[::ffff:224.0.0.1]'])
  allAre('reserved', ['240.0.0.1', '255.255.255.255', '4294967295', '[64:ff9b::255.255.255.255]'])
})

test('a translated address that cannot be read is refused', () => {
  allAre('unreadable', ['[64:ff9b:1:1::2]', '[64:ff9b:1:a9fe:a9:fe00:0:1]'])
  assert.equal(judgeHost('fe80::1%eth0'), 'unreadable')
  assert.equal(judgeAnswer('fe80::1%eth0'), 'unreadable')
  assert.equal(judgeAnswer('127.1'), 'unreadable')
})

test('private and public addresses and names are let through', () => {
  allAre(null, ['10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '8.8.8.8', '1.1.1.1', '168.63.129.17'])
  allAre(null, [
    '[fc00::1]',
    '[fd12:3456::1]',
    '[2606:4700::1111]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::8.8.8.8]',
  ])
  allAre(null, ['[2002:808:808::1]', '[64:ff9b:1::10.0.0.1]', '[64:ff9b:1:a00:0:100::]', '[fd20:ce::255]'])
  allAre(null, ['idp.example.com', 'localhost.example.com', 'notlocalhost', 'metadata.example.com'])
})
