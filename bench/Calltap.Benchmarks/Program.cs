using Calltap.Benchmarks;

return args is ["events"] ? EventsBenchmark.Run() : 64;
