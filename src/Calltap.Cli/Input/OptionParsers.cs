using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Calltap.Patching;

namespace Calltap.Cli.Input;

/// <summary>Options whose values are more than words, each with an error that says what is expected.</summary>
static class OptionParsers
{
    /// <summary>A duration; null when not given.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "2s|500ms|dd:hh:mm:ss",
        CustomParser = result => DurationText.TryParse(TextOf(result), out TimeSpan duration)
            ? duration
            : Fail<TimeSpan?>(result, "is no duration: give 500ms, 2s, 1m or dd:hh:mm:ss"),
    };

    /// <summary>A part of a trace by time; null when not given.</summary>
    public static Option<(TimeSpan? From, TimeSpan? To)?> Part(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "FROM..TO",
        CustomParser = result => DurationText.TryParsePart(TextOf(result), out (TimeSpan? From, TimeSpan? To) part)
            ? part
            : Fail<(TimeSpan?, TimeSpan?)?>(result, "is no part: give 1s..2s, ..500ms or 10s.."),
    };

    /// <summary>A size; <paramref name="otherwise"/> when not given.</summary>
    public static Option<ByteSize> Size(string name, string description, ByteSize otherwise) => new(name)
    {
        Description = description,
        HelpName = "500MB|2GB",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => SizeText.TryParse(TextOf(result), out ByteSize size)
            ? size
            : Fail<ByteSize>(result, "is no size: give 500MB, 2GB or a number of bytes"),
    };

    /// <summary>A number above zero; null when not given.</summary>
    public static Option<int?> Number(string name, string description, string helpName, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => int.TryParse(TextOf(result), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number
            : Fail<int?>(result, "is no number above 0"),
    };

    /// <summary>What a thread at a breakpoint of ours does.</summary>
    public static Option<Int3Policy> Int3()
    {
        var option = new Option<Int3Policy>("--int3")
        {
            Description = "What a thread does that meets a breakpoint while functions are armed: what the site is becoming (site, the default), a call that asks each op (caller), or wait for the end of the window (park).",
            HelpName = "site|caller|park",
        };
        return option.AcceptOnlyFromAmong("site", "caller", "park");
    }

    static string TextOf(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[^1].Value : "";

    static T? Fail<T>(ArgumentResult result, string what)
    {
        string option = result.Parent is OptionResult parent ? $"{parent.Option.Name}: " : "";
        result.AddError($"{option}'{TextOf(result)}' {what}");
        return default;
    }

    /// <summary><c>--follow</c>.</summary>
    public static Option<bool> Follow() => new Option<bool>("--follow") { Description = "Follow the process into what it forks and executes: every process of the tree is traced from its start." };
}
