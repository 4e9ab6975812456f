using Calltap.Benchmarks;

return args switch
{
    ["events"] => EventsBenchmark.Run(),
    ["target"] => BuildTarget(),
    _ => Usage(),
};

// Builds the target and says where it is, so that it can be run by hand.
static int BuildTarget()
{
    string cache = Path.Combine(AppContext.BaseDirectory, "programs");
    Console.WriteLine(BenchTarget.Build(cache, (done, total) => Console.Error.Write($"\rcompiled {done} of {total} files")));
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("usage: Calltap.Benchmarks events | target");
    return 64;
}
