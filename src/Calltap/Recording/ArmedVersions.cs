using Calltap.Trace;

namespace Calltap.Recording;

/// <summary>
/// Which versions of each .NET method are armed in a session. A method is armed with its first version, and disarmed with its last: that another one comes or goes changes nothing
/// for the calls that run, each of which stays in the version that it has entered.
/// </summary>
sealed class ArmedVersions
{
    readonly Dictionary<FunctionId, HashSet<FunctionId>> _armed = []; // versions by the method's id in the file

    /// <summary>Takes in what is said of versions, and returns what that says of methods, by their ids in the file.</summary>
    /// <param name="kind">What has happened.</param>
    /// <param name="versions">To which functions, by their ids in the session and in the file.</param>
    public IReadOnlyList<FunctionId> Note(ArmingKind kind, IReadOnlyList<(FunctionId Own, FunctionId InFile)> versions)
    {
        var methods = new List<FunctionId>();
        foreach ((FunctionId own, FunctionId inFile) in versions)
            if (kind switch { ArmingKind.Armed => Arm(own, inFile), ArmingKind.Disarmed => Disarm(own, inFile), _ => true }) methods.Add(inFile);
        return [.. methods.Distinct()];
    }

    /// <summary>One that is armed again was not armed as a whole: that says something of its calls.</summary>
    bool Arm(FunctionId own, FunctionId inFile)
    {
        if (!_armed.TryGetValue(inFile, out HashSet<FunctionId>? versions)) _armed.Add(inFile, versions = []);
        return !versions.Add(own) || versions.Count == 1;
    }

    bool Disarm(FunctionId own, FunctionId inFile)
    {
        if (!_armed.TryGetValue(inFile, out HashSet<FunctionId>? versions)) return true;
        versions.Remove(own);
        if (versions.Count > 0) return false;
        _armed.Remove(inFile);
        return true;
    }
}
