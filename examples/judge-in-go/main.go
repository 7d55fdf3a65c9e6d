// A judge that prefers responses of about `words` words (60 by default).
//
// `bindings` is the contract in Go; `tpo plugin build` writes it. It calls the packages `export_tpo_plugin_judge` and
// `export_tpo_plugin_metadata`, which are named after the contract's interfaces.
package main

import _ "judge-in-go/bindings/wit_exports"

func main() {}
