// A program of Go alone, without a C library, under load: the work of gowork.go.
package main

func main() {
	serve(func() bool { return true })
	finish()
}
