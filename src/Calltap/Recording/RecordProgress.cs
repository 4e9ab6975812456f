namespace Calltap.Recording;

/// <summary>How far a recording is.</summary>
/// <param name="Events">Events taken out of the rings.</param>
/// <param name="Written">Bytes in the file.</param>
/// <param name="LostEntries">Calls that were not recorded.</param>
/// <param name="LostExits">Exits that were not.</param>
public readonly record struct RecordProgress(long Events, ByteSize Written, long LostEntries, long LostExits);
