namespace Calltap.Recording;

/// <summary>What a function is called in a trace file.</summary>
/// <param name="Id">Its id.</param>
/// <param name="FirstSite">The id of its first site, behind which the others follow as in the session.</param>
/// <param name="HasNewSites">Whether its sites are new in the file.</param>
/// <param name="IsNew">Whether it is; not so for a further version of a .NET method.</param>
readonly record struct FunctionInFile(FunctionId Id, uint FirstSite, bool HasNewSites, bool IsNew);
