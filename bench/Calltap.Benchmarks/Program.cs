using Calltap.Benchmarks;

// Builds the target and says where it is, so that it can be run by hand.
var cache = Path.Combine(AppContext.BaseDirectory, "programs");
Console.WriteLine(BenchTarget.Build(cache, (done, total) => Console.Error.Write($"\rcompiled {done} of {total} files")));
return 0;
