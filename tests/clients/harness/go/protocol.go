// Package harness speaks the line protocol of a client program with ../../run.py, and says what a group of three must do.
package harness

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"time"
)

const Patience = 60 * time.Second

// T is one scenario at work. Its methods end the scenario when they do not see what they must.
type T struct {
	Bootstrap string
	Context   context.Context
}

// Program is what a client can do, and what it cannot, with the reason.
type Program struct {
	Scenarios map[string]func(*T)
	Cannot    map[string]string
}

type failure string

var fromRunner = bufio.NewReader(os.Stdin)

func (t *T) Fail(format string, parts ...any) {
	panic(failure(fmt.Sprintf(format, parts...)))
}

func (t *T) Must(err error) {
	if err != nil {
		t.Fail("an error, expected none, got %v", err)
	}
}

func (t *T) Expect(what string, expected, got any) {
	if reflect.DeepEqual(expected, got) {
		return
	}
	wanted, seen := reflect.ValueOf(expected), reflect.ValueOf(got)
	if wanted.Kind() == reflect.Slice && seen.Kind() == reflect.Slice && wanted.Len()+seen.Len() > 10 {
		same := 0
		for same < wanted.Len() && same < seen.Len() && reflect.DeepEqual(wanted.Index(same).Interface(), seen.Index(same).Interface()) {
			same++
		}
		what += fmt.Sprintf(" (%d expected, %d seen) from number %d", wanted.Len(), seen.Len(), same)
		expected = wanted.Slice(same, min(same+3, wanted.Len())).Interface()
		got = seen.Slice(same, min(same+3, seen.Len())).Interface()
	}
	t.Fail("%s, expected %s, got %s", what, short(expected), short(got))
}

// Eventually asks until the answer is yes.
func (t *T) Eventually(what string, seen func() bool) {
	t.eventually(what, seen, func() string { return "nothing" })
}

// eventually is told what there was instead.
func (t *T) eventually(what string, seen func() bool, instead func() string) {
	for deadline := time.Now().Add(Patience); !seen(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fail("%s, expected within %v, got %s", what, Patience, instead())
		}
	}
}

// RestartBroker returns once the runner has killed the broker and the new one serves at the same address.
func (t *T) RestartBroker() {
	fmt.Println("control restart")
	answer, _ := fromRunner.ReadString('\n')
	t.Expect("the runner's answer to a restart", "restarted", strings.TrimSpace(answer))
}

// Main runs the scenarios that the runner asks for.
func (program Program) Main() {
	bootstrap := flag.String("bootstrap", "", "the broker, as `HOST:PORT`")
	scenarios := flag.String("scenarios", "", "scenarios of ../scenarios.txt, as `ID[,ID..]`")
	flag.Parse()
	if *bootstrap == "" || *scenarios == "" {
		flag.Usage()
		os.Exit(2)
	}
	status := 0
	for _, id := range strings.Split(*scenarios, ",") {
		fmt.Fprintln(os.Stderr, "---", id)
		if reason, cannot := program.Cannot[id]; cannot {
			fmt.Printf("n/a %s: %s\n", id, reason)
		} else if detail := program.run(id, *bootstrap); detail != "" {
			fmt.Printf("fail %s: %s\n", id, strings.Join(strings.Fields(detail), " "))
			status = 1
		} else {
			fmt.Println("ok", id)
		}
	}
	os.Exit(status)
}

// run returns what went wrong, or nothing.
func (program Program) run(id, bootstrap string) (detail string) {
	scenario, known := program.Scenarios[id]
	if !known {
		return "the program, expected a scenario of this name, got none"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*Patience)
	defer cancel()
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		detail = fmt.Sprint(cause)
		fmt.Fprintln(os.Stderr, detail)
		if _, expected := cause.(failure); !expected { // of one that is, the lines before tell more
			os.Stderr.Write(debug.Stack())
		}
	}()
	scenario(&T{Bootstrap: bootstrap, Context: ctx})
	return ""
}

func short(value any) string {
	text := fmt.Sprintf("%q", fmt.Sprint(value))
	if len(text) <= 160 {
		return text
	}
	return fmt.Sprintf("%s... (%d characters)", text[:160], len(text))
}
