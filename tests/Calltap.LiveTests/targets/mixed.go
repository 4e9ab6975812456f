// A program of Go and C under load: the work of gowork.go, with calls of mixed_leaf in between.
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

import "fmt"

func main() {
	rounds := serve(func() bool { return C.call_leaf(7, 100) == 0 })
	fmt.Println("mixed_leaf", rounds*100)
	finish()
}
