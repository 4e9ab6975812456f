namespace Managed;

/// <summary>
/// The counted methods: class, nested class, method. The 200 of <see cref="Late"/> come behind <see cref="LateMethods"/>. A number is the place in the tally.
/// </summary>
enum Method
{
    Plain_Bare, Plain_Add, Plain_Ten, Plain_Doubles, Plain_Mixed, Plain_Norm, Plain_Large, Plain_Pair, Plain_Nothing,
    Memory_Prepend, Memory_Reverse, Memory_Sum, Memory_Join, Memory_Element, Memory_MakeBoth, Memory_MakeThree, Memory_Garbage,
    Exceptions_Outer, Exceptions_Middle, Exceptions_Inner, Exceptions_Cleanup, Exceptions_Filter, Exceptions_Rethrow, Exceptions_CatchInside, Exceptions_NoThrow,
    Nulls_Field, Nulls_Length, Nulls_Store, Nulls_CallVirtual, Nulls_Inside,
    Recursion_Deep, Recursion_Fibonacci, Recursion_Even, Recursion_Odd,
    Tail_First, Tail_Second, Tail_Last,
    Generics_Echo, Generics_Largest, Generics_Plainly_Visit, Generics_Marked_Visit, Generics_Holder_Held,
    Dispatch_Square_Area, Dispatch_Square_Name, Dispatch_Bar_Area, Dispatch_Bar_Name, Dispatch_Dot_Name, Dispatch_Adder_Delegate, Dispatch_Static,
    Spans_Sum, Spans_Fill, Spans_Text,
    Async_Step, Async_Last,
    Iterators_Square,
    Dynamic_Called, Dynamic_Made,
    Collectible_Guest, Collectible_Grow,
    Tiering_Hot, Tiering_Warm,
    Osr_Loop, Osr_Fresh,
    Native_Compare, Native_Back,
    LateMethods,
}
