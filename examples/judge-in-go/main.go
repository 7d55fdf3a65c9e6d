// A judge that likes responses of about `words` words (60 unless configured).
//
// `bindings` is the contract as Go; `tpo plugin build` writes it. It calls the packages `export_tpo_plugin_judge` and
// `export_tpo_plugin_metadata`, whose names are those of the contract's interfaces.
package main

import _ "judge-in-go/bindings/wit_exports"

func main() {}
