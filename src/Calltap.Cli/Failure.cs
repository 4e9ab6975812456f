using Calltap.Cli.Demo;
using Calltap.Symbols;
using Calltap.Target;
using Calltap.Trace;

namespace Calltap.Cli;

/// <summary>What an exception means to the user.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Message">The line.</param>
sealed record Failure(int Code, string Message)
{
    const int EPIPE = 32;

    /// <summary>Whether whoever read our output has gone: that is no failure (`calltap replay x | head`).</summary>
    public static bool IsClosedPipe(Exception e) => e is IOException { HResult: EPIPE };

    /// <summary>The failure behind an exception; null when it is a fault of the tool itself, which shows its trace.</summary>
    public static Failure? Of(Exception e) => e switch
    {
        CommandException own => new(own.Code, own.Message),
        AttachException attach => new(ExitCode.Of(attach.Reason), attach.Message),
        PatchMismatchException mismatch => new(ExitCode.Failed, $"bytes of the target are not what they must be, so nothing more was written: {mismatch.Message}"),
        TraceFormatException trace => new(ExitCode.Failed, trace.Message.TrimEnd('.')),
        ElfFormatException elf => new(ExitCode.Failed, elf.Message),
        CompilerException compiler => new(compiler.Output.Length == 0 ? ExitCode.Unsupported : ExitCode.Failed, compiler.Message),
        UnauthorizedAccessException access => new(ExitCode.Failed, OneLine(access.Message)),
        IOException io => new(ExitCode.Failed, OneLine(io.Message)),
        TimeoutException late => new(ExitCode.Failed, late.Message),
        InvalidOperationException limit when limit.Source == "Calltap" => new(ExitCode.Failed, limit.Message),
        _ => null,
    };

    static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.');
}
