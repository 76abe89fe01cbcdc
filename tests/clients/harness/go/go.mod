module millrace/harness

go 1.25
