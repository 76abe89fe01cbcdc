// franz-go: a Go client that speaks the newest version of everything.
package main

import (
	"maps"

	"millrace/harness"
)

func main() {
	all := map[string]func(*harness.T){}
	for _, group := range []map[string]func(*harness.T){admin, records, reading, groups, trouble} {
		maps.Copy(all, group)
	}
	harness.Program{Scenarios: all}.Main()
}
