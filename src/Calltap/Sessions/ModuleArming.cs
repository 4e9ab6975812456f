using Calltap.Modules;

namespace Calltap;

/// <summary>What was armed of a module.</summary>
/// <param name="Module">The module.</param>
/// <param name="Armed">Its functions that some op wants and that are armed now.</param>
/// <param name="Wanted">Its functions that some op wants.</param>
public sealed record ModuleArming(TargetModule Module, int Armed, int Wanted);
