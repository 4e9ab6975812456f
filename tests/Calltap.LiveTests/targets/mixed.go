// A program of Go and C under load: goroutines that allocate, grow their stacks and check what they get, and call mixed_leaf. It says "ready",
// begins at SIGUSR1, and at SIGTERM says "calls N" and "done". At another SIGTERM it ends, with exit code 0 when no result was wrong.
package main

/*
#include <stdint.h>
__attribute__((noipa)) static uint64_t mixed_leaf(uint64_t x) { return (x ^ 21) + 5; }
static uint64_t call_leaf(uint64_t x, uint64_t times)
{
	uint64_t wrong = 0;
	for (uint64_t i = 0; i < times; i++)
		wrong += mixed_leaf(x + i) != ((x + i) ^ 21) + 5;
	return wrong;
}
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

type node struct {
	left, right *node
	value       int
}

//go:noinline
func build(depth int) *node {
	if depth == 0 {
		return &node{value: 1}
	}
	return &node{build(depth - 1), build(depth - 1), depth}
}

//go:noinline
func sum(n *node) int {
	if n == nil {
		return 0
	}
	var room [40]int // a new goroutine's stack has to grow
	room[n.value] = n.value
	return room[n.value] + sum(n.left) + sum(n.right)
}

func main() {
	var calls, wrong, stop int64
	begin, end := make(chan os.Signal, 1), make(chan os.Signal, 2)
	signal.Notify(begin, syscall.SIGUSR1)
	signal.Notify(end, syscall.SIGTERM)
	expected := sum(build(7))
	fmt.Println("ready")
	<-begin
	var lanes sync.WaitGroup
	for lane := 0; lane < 4; lane++ {
		lanes.Add(1)
		go func() {
			defer lanes.Done()
			for atomic.LoadInt64(&stop) == 0 {
				result := make(chan int, 8)
				for i := 0; i < 8; i++ {
					go func() { result <- sum(build(7)) }()
				}
				for i := 0; i < 8; i++ {
					if <-result != expected {
						atomic.AddInt64(&wrong, 1)
					}
				}
				atomic.AddInt64(&wrong, int64(C.call_leaf(C.uint64_t(expected), 100)))
				atomic.AddInt64(&calls, 100)
				runtime.GC()
			}
		}()
	}
	<-end
	atomic.StoreInt64(&stop, 1)
	lanes.Wait()
	fmt.Println("calls", calls, "done")
	<-end
	if wrong != 0 {
		os.Exit(1)
	}
}
