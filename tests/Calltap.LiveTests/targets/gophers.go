// A program of Go alone, without a C library. It says "ready", begins at SIGUSR1, and at SIGTERM says "calls N done". At another SIGTERM it ends.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

//go:noinline
func leaf(x int64) int64 { return (x ^ 21) + 5 }

func main() {
	begin, end := make(chan os.Signal, 1), make(chan os.Signal, 2)
	signal.Notify(begin, syscall.SIGUSR1)
	signal.Notify(end, syscall.SIGTERM)
	fmt.Println("ready")
	<-begin
	var calls, wrong int64
	for lane := 0; lane < 4; lane++ {
		go func() {
			for i := int64(0); ; i++ {
				if leaf(i) != (i^21)+5 {
					atomic.AddInt64(&wrong, 1)
				}
				atomic.AddInt64(&calls, 1)
			}
		}()
	}
	<-end
	fmt.Println("calls", atomic.LoadInt64(&calls), "done")
	<-end
	if wrong != 0 {
		os.Exit(1)
	}
}
