using System.Diagnostics;
using System.Runtime.InteropServices;
using Calltap.Patching;
using Calltap.Symbols;
using Calltap.Target;
using Microsoft.Win32.SafeHandles;

namespace Calltap.Modules;

/// <summary>
/// Notices which modules come and go, by what is mapped: whoever maps it, and with whatever linker. The target is only read. One thread.
/// </summary>
/// <param name="target">The target.</param>
/// <param name="catalog">What is known of its modules; brought up to date.</param>
/// <param name="maxFunctions">Functions that the session has room for.</param>
/// <param name="isRenewed">
/// Whether a module has been mapped anew where it was: an armed function of it is as in the file. No other sign remains of a library that was closed and
/// loaded again between two looks.
/// </param>
sealed class ModuleWatch(TargetProcess target, FunctionCatalog catalog, int maxFunctions, Func<TargetModule, bool> isRenewed)
{
    /// <summary>Bytes of new modules that are read before all ordinary threads of the machine: some milliseconds, by this thread alone (<c>ModuleAnalyzer</c>).</summary>
    const long MostReadUrgently = 128 << 10;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    readonly DynamicLinker _linker = new(target);
    readonly Dictionary<FileKey, long> _waiting = []; // not yet mapped as a whole, since when
    readonly HashSet<FileKey> _dismissed = [];
    readonly List<(string Module, string Reason)> _refused = [];
    readonly List<CodeMapping> _seen = []; // by the last look at everything
    readonly List<CodeMapping> _now = [];
    ContentsReader? _reader; // of the last look
    bool _unsettled = true; // what came between the reading of the catalog and the first look

    readonly record struct FileKey(TargetAddress Start, DeviceNumber Device, ulong Inode, string Path);

    /// <summary>Whether <see cref="LookAtCompiled"/> finds something: a microsecond.</summary>
    public bool HasCompiled => catalog.HasNewCompiled;

    /// <summary>Whether <see cref="Look"/> may find something: some microseconds, a few more for each module.</summary>
    public bool HasChanged()
    {
        if (!target.ReadCode(_now)) return false;
        bool same = CollectionsMarshal.AsSpan(_now).SequenceEqual(CollectionsMarshal.AsSpan(_seen));
        return _unsettled || !same || catalog.Modules.Any(module => catalog.IsLoaded(module) && isRenewed(module));
    }

    /// <summary>Looks at what a runtime has compiled since.</summary>
    /// <param name="steps">Told of the steps.</param>
    public ModuleChanges LookAtCompiled(StepClock steps)
    {
        _refused.Clear();
        ModuleChanges changes = WithCompiled([], []);
        steps.Mark("compiled");
        return changes;
    }

    /// <summary>Looks at all that is mapped.</summary>
    /// <param name="steps">Told of the steps.</param>
    /// <exception cref="AttachException">The target has ended.</exception>
    public ModuleChanges Look(StepClock steps)
    {
        bool consistent = _linker.IsConsistent();
        IReadOnlyList<MemoryMapping> mappings = target.ReadMappings();
        consistent &= _linker.IsConsistent();
        _seen.Clear();
        _seen.AddRange(CodeMapping.In(mappings)); // not what HasChanged has read: more may have come since, and be gone by the next time
        _refused.Clear();
        catalog.NoticeDotNet(target, mappings);
        List<TargetModule> gone = [.. catalog.Modules.Where(module => catalog.IsLoaded(module) && (!IsThere(module, mappings) || isRenewed(module)))];
        gone.ForEach(catalog.Unload);
        var come = new List<TargetModule>();
        List<IReadOnlyList<MemoryMapping>> fresh = [.. ModuleLoader.Files(mappings).Where(IsInScope).Select(Unknown).Where(ModuleLoader.HasCode)];
        Forget(fresh);
        fresh.RemoveAll(file => _dismissed.Contains(KeyOf(file)));
        _unsettled = fresh.Count > 0 && !consistent;
        steps.Mark("maps");
        if (consistent && fresh.Count > 0) Take(fresh, come, steps);
        return WithCompiled(gone, come);
    }

    ModuleChanges WithCompiled(List<TargetModule> gone, List<TargetModule> come)
    {
        if (catalog.OpenCompiled(target) is { } untold) _refused.Add(("compiled code", untold));
        (IReadOnlyList<TargetModule> compiled, IReadOnlyList<TargetFunction> replaced, int leftOut) = catalog.TakeCompiled(maxFunctions - catalog.Functions.Count);
        return new ModuleChanges(gone, [.. come, .. compiled], [.. _refused]) { Replaced = replaced, LeftOut = leftOut };
    }

    void Take(List<IReadOnlyList<MemoryMapping>> fresh, List<TargetModule> come, StepClock steps)
    {
        TargetTraits traits = TargetTraits.Of(target);
        _reader = catalog.ReaderFor(traits);
        using UrgentThread urgent = fresh.Sum(file => file.Sum(m => m.Size.Value)) <= MostReadUrgently ? UrgentThread.BeginBesideOthers() : default;
        foreach (IReadOnlyList<MemoryMapping> file in fresh)
        {
            if (Take(file, traits, _reader, steps) is not { } module) continue;
            come.Add(module);
            _unsettled |= ModuleLoader.HasCode(ModuleLoader.Beside(file, module)); // loaded twice
        }
    }

    /// <summary>Keeps the analyses of the last look, for other sessions.</summary>
    public void KeepAnalyses() => _reader?.Keep();

    static FileKey KeyOf(IReadOnlyList<MemoryMapping> file) => new(file[0].Start, file[0].Device, file[0].Inode, file[0].Path);

    static bool IsThere(TargetModule module, IReadOnlyList<MemoryMapping> mappings) =>
        module.Code.Any(code => mappings.Any(now => now.Contains(code.Start) && code.IsSameAt(code.Start, now)));

    bool IsInScope(IReadOnlyList<MemoryMapping> file) => catalog.Scope!.Has(file[0].Path) && !catalog.Unreadable.Contains(file[0].Path);

    /// <summary>What belongs to none of the modules that are loaded.</summary>
    IReadOnlyList<MemoryMapping> Unknown(IReadOnlyList<MemoryMapping> file) =>
        catalog.Modules.Where(module => catalog.IsLoaded(module) && IsThere(module, file)).Aggregate(file, ModuleLoader.Beside);

    /// <summary>What was said of files that are gone does not hold for those that come in their place.</summary>
    void Forget(IReadOnlyList<IReadOnlyList<MemoryMapping>> fresh)
    {
        HashSet<FileKey> there = [.. fresh.Select(KeyOf)];
        _dismissed.IntersectWith(there);
        foreach (FileKey key in _waiting.Keys.Where(key => !there.Contains(key)).ToList()) _waiting.Remove(key);
    }

    TargetModule? Take(IReadOnlyList<MemoryMapping> file, TargetTraits traits, ContentsReader reader, StepClock steps)
    {
        string path = file[0].Path;
        MemoryMapping code = file.First(m => m.IsExecutable);
        using SafeFileHandle? handle = target.OpenMappedFile(code);
        if (!target.IsStillMapped(code, code.Start, code.End, asked: true)) return Wait(file, "gone at once"); // what was opened may be another's
        if (handle is null) return Dismiss(file, "its file can't be read");
        steps.Mark("open");
        ContentHash hash = reader.HashOf(handle, path);
        steps.Mark("hash");
        List<TargetModule> same = [.. catalog.Of(path, hash, traits)]; // several where it was loaded twice
        TargetModule? known = same.Find(module => !catalog.IsLoaded(module));
        if ((same.FirstOrDefault()?.Contents ?? ModuleLoader.Read(handle, path, hash, reader)) is not { } contents)
            return Dismiss(file, reader.Composite.Contains(path) ? "it is compiled ahead of time into an image of several assemblies (composite)" : "its file is no image of this machine");
        steps.Mark("contents");
        if (ModuleLoader.Place(known?.Id ?? catalog.Modules.Count, file, contents) is not { } module
            || !LoadBias.IsComplete(module.LoadBias, file, contents.LoadSegments)) return Wait(file, "parts of it are not mapped");
        if (RefusalOf(module, known is null) is { } reason) return Dismiss(file, reason);
        if (known is null) catalog.Add(module, hash, traits);
        else catalog.Return(module);
        return module;
    }

    /// <summary>Code that others write to while the module is loaded is not looked at twice, but left alone.</summary>
    string? RefusalOf(TargetModule module, bool isNew) => module switch
    {
        { Contents.HasTextRelocations: true } => "its code is relocated when it is loaded",
        _ when module.Code.Any(code => (code.Permissions & MappingPermissions.Write) != 0) => "its code is writable",
        _ when isNew && catalog.Functions.Count + module.Contents.Functions.Count > maxFunctions =>
            "more functions have come than this session has room for: end it and begin anew",
        _ => null,
    };

    /// <summary>The linker maps one segment after another; what is not complete after a while never will be.</summary>
    TargetModule? Wait(IReadOnlyList<MemoryMapping> file, string reason)
    {
        FileKey key = KeyOf(file);
        if (!_waiting.TryGetValue(key, out long since)) _waiting.Add(key, since = Stopwatch.GetTimestamp());
        if (Stopwatch.GetElapsedTime(since) > s_patience) return Dismiss(file, reason);
        _unsettled = true;
        return null;
    }

    TargetModule? Dismiss(IReadOnlyList<MemoryMapping> file, string reason)
    {
        _dismissed.Add(KeyOf(file));
        _refused.Add((Path.GetFileName(file[0].Path), reason));
        return null;
    }
}
