// The work of the Go programs of the tests: goroutines that allocate, grow their stacks, panic, are preempted, and check what they get. main calls
// serve: it says "ready", begins at SIGUSR1, and at SIGTERM says how often each function was called, and "done". At another SIGTERM the program ends,
// with exit code 0 when no result was wrong. With an argument it does three rounds at once, and ends with exit code 5.
package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
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

// Its frame is larger than what the shortest check allows for, and a new goroutine's stack has to grow.
//
//go:noinline
func sum(n *node) int {
	if n == nil {
		return 0
	}
	var room [40]int
	room[n.value] = n.value
	return room[n.value] + sum(n.left) + sum(n.right)
}

// Its frame is larger than the guard.
//
//go:noinline
func huge(depth int) int {
	var room [1000]int
	for i := range room {
		room[i] = i * depth
	}
	if depth == 0 {
		return room[7]
	}
	return room[999] + huge(depth-1)
}

// Preempted anywhere: it calls nothing for a millisecond.
//
//go:noinline
func spin(times int, shown *int) int {
	x := times
	for i := 0; i < times; i++ {
		x = x*5 + i
	}
	*shown = x
	return x
}

//go:noinline
func risky(n *node) (value int) {
	defer func() {
		if recover() != nil {
			value = -1
		}
	}()
	return faulting(n) + 1
}

//go:noinline
func faulting(n *node) int {
	fmt.Fprint(io.Discard, "before the fault")
	return n.value
}

type shape interface{ area(int) int }
type square struct{ side int }

//go:noinline
func (s square) area(scale int) int { return sideOf(s)*s.side*scale + len(fmt.Sprint(scale)) }

//go:noinline
func sideOf(s square) int { return s.side }

//go:noinline
func largest[T int | float64](values []T) (most T) {
	for _, v := range values {
		if v > most {
			most = v
		}
	}
	if len(values) > 1 {
		return max(most, largest(values[1:]))
	}
	return most
}

func max[T int | float64](a, b T) T {
	if a > b {
		return a
	}
	return b
}

const (
	hugeDepth = 9
	spins     = 300_000
)

var wrong int64

func check(right bool) {
	if !right {
		atomic.AddInt64(&wrong, 1)
	}
}

func round(expectedSum, expectedHuge, expectedSpin int, s shape) {
	result := make(chan int, 8)
	for i := 0; i < 8; i++ {
		go func() { result <- sum(build(7)) }()
	}
	for i := 0; i < 8; i++ {
		check(<-result == expectedSum)
	}
	deep := make(chan int)
	go func() { deep <- huge(hugeDepth) }()
	check(<-deep == expectedHuge)
	var shown int
	check(spin(spins, &shown) == expectedSpin && shown == expectedSpin)
	check(risky(nil) == -1 && risky(&node{value: 3}) == 4)
	check(s.area(3) == 28)
	check(largest([]int{3, 9, 4}) == 9 && largest([]float64{3, 9.5, 4}) == 9.5)
	runtime.GC()
}

// extra is done once a round, and says whether it was right.
func serve(extra func() bool) int64 {
	begin, end := make(chan os.Signal, 1), make(chan os.Signal, 2)
	signal.Notify(begin, syscall.SIGUSR1)
	signal.Notify(end, syscall.SIGTERM)
	var shown int
	expectedSum, expectedHuge, expectedSpin := sum(build(7)), huge(hugeDepth), spin(spins, &shown)
	if len(os.Args) > 1 {
		for i := 0; i < 3; i++ {
			round(expectedSum, expectedHuge, expectedSpin, square{3})
		}
		os.Exit(5 + int(wrong))
	}
	debug.SetGCPercent(20)
	fmt.Println("ready")
	<-begin
	check(pprof.StartCPUProfile(io.Discard) == nil)
	var rounds, stop int64
	var lanes sync.WaitGroup
	for lane := 0; lane < 4; lane++ {
		lanes.Add(1)
		go func() {
			defer lanes.Done()
			for atomic.LoadInt64(&stop) == 0 {
				round(expectedSum, expectedHuge, expectedSpin, square{3})
				check(extra())
				atomic.AddInt64(&rounds, 1)
			}
		}()
	}
	<-end
	atomic.StoreInt64(&stop, 1)
	lanes.Wait()
	pprof.StopCPUProfile()
	fmt.Println("main.build", rounds*8*255)
	fmt.Println("main.sum", rounds*8*511)
	fmt.Println("main.huge", rounds*(hugeDepth+1))
	fmt.Println("main.risky", rounds*2)
	fmt.Println("main.faulting", rounds*2)
	fmt.Println("main.square.area", rounds)
	fmt.Println("main.round", rounds)
	return rounds
}

func finish() {
	fmt.Println("done")
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	if wrong != 0 {
		fmt.Println("wrong", wrong)
		os.Exit(1)
	}
}
