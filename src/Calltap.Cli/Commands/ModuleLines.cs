using Calltap.Cli.Output;
using Calltap.Modules;

namespace Calltap.Cli.Commands;

/// <summary>
/// Says which modules have come, what was armed of them, and which are gone. A module that comes and goes all the time is told a few times, and summed up at
/// the end.
/// </summary>
sealed class ModuleLines(Terminal terminal, ProgressLine progress) : IDisposable
{
    const int MaxTold = 6; // lines of a module: it has come and gone three times

    readonly Dictionary<string, int> _told = []; // lines by the module's name
    readonly Dictionary<string, int> _armed = []; // times, by the module's name
    readonly Dictionary<string, int> _notArmed = []; // functions, by reasons
    string? _failure;
    long _leftOut;

    /// <summary>Tells of a look; null says nothing.</summary>
    public void Tell(ModuleReport? report)
    {
        if (report is null) return;
        foreach (TargetModule module in report.Gone.ExceptBy(report.Come.Select(m => m.Id), m => m.Id).Where(m => !m.Contents.IsCompiled)) Say(module.Name, $"{module.Name} has been unloaded");
        foreach ((string module, string reason) in report.Refused) Say(module, $"{module} has been loaded and is left out: {reason}");
        if (report.LeftOut > 0 && _leftOut == 0) Say("", "the room for methods that come is used up: what is compiled from now on is left out; end this and begin anew");
        _leftOut += report.LeftOut;
        if (report.Arming is { } arming) Tell(report, arming);
        if (report.Failure is { } failure && failure != _failure) terminal.Note($"not armed yet: {failure}");
        _failure = report.Arming is null ? report.Failure ?? _failure : null;
    }

    void Tell(ModuleReport report, ArmReport arming)
    {
        foreach ((_, string reason) in arming.Refused) _notArmed[reason] = _notArmed.GetValueOrDefault(reason) + 1;
        foreach ((TargetModule module, int armed, int wanted) in report.Armed.Where(m => !m.Module.Contents.IsCompiled)) // that goes on all the time
        {
            _armed[module.Name] = _armed.GetValueOrDefault(module.Name) + 1;
            // Plain digits: scripts wait for this line.
            Say(module.Name, $"armed {armed} of {wanted} functions of {module.Name} in {arming.Batch.Time.TotalMilliseconds:0.0} ms");
        }
    }

    void Say(string module, string line)
    {
        int told = _told[module] = _told.GetValueOrDefault(module) + 1;
        if (told > MaxTold + 1) return;
        progress.Dispose();
        terminal.Log.WriteLine(told <= MaxTold ? line : $"{module} comes and goes: no more is said of it until the end");
    }

    /// <summary>Sums up.</summary>
    public void Dispose()
    {
        if (_leftOut > 0) terminal.Log.WriteLine($"left out: {Texts.Of(_leftOut, "compiled version")} of methods for which there was no room");
        if (_notArmed.Count > 0) terminal.Log.WriteLine($"of what came later was left out: {ArmText.LeftOut(_notArmed)}");
        foreach ((string name, int times) in _armed.Where(m => m.Value > MaxTold / 2)) terminal.Log.WriteLine($"{name} was loaded and armed {Texts.Of(times, "time")}");
    }
}
