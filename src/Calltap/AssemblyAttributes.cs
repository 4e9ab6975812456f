using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Calltap.Tests")]
[assembly: InternalsVisibleTo("Calltap.LiveTests")]
[assembly: InternalsVisibleTo("Calltap.Litmus")]
[assembly: InternalsVisibleTo("Calltap.Fuzz")]
[assembly: InternalsVisibleTo("Calltap.Benchmarks")]
