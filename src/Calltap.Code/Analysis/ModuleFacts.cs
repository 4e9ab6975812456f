namespace Calltap.Code.Analysis;

/// <summary>What both passes share about the module. Immutable but for the branch targets (complete after pass 1) and each function's own slot.</summary>
internal sealed class ModuleFacts
{
    internal ModuleFacts(AnalysisInput input)
    {
        Input = input;
        Memory = CodeMemory.Read(input.Image, input.CodeSections);
        Layout = CodeLayout.Build(input.Functions, Memory, static function => function);
        Targets = new(Memory);
        Foreign = new(Memory);
        Referenced = new(Memory);
        Refused = new(input.RefusedRanges);
        FentryTargets = [.. input.FentryTargets];
        Flow = new FunctionFlow?[input.Functions.Count];
        Starts = new(this);
    }

    internal AnalysisInput Input { get; }

    internal CodeMemory Memory { get; }

    /// <summary>Which function owns what; another one once <see cref="Starts"/> has found whose the parts are.</summary>
    internal CodeLayout Layout { get; set; }

    internal OpenStarts Starts { get; }

    internal BranchTargets Targets { get; }

    /// <summary>Those of the targets that something other than the direct jumps of their own function leads to; tables' entries are not all among them.</summary>
    internal BranchTargets Foreign { get; }

    /// <summary>Addresses that some instruction calls or forms: proof that an unnamed function is one.</summary>
    internal BranchTargets Referenced { get; }

    internal RefusedRanges Refused { get; }

    internal HashSet<ImageAddress> FentryTargets { get; }

    /// <summary>What pass 1 found out about a function's control flow; null where there is nothing unusual.</summary>
    internal FunctionFlow?[] Flow { get; }
}
