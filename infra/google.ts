// The one file that names files of the provider's package: its root costs half a gigabyte and seconds to load,
// and a folder import has no entry for ESM (G-7). Sorted; when the package changes, only this file does.
export { GoogleProvider } from '@cdktf/provider-google/lib/provider/index.js'
