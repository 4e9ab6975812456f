namespace Calltap.Native;

/// <summary>What the kernel says of a file, without its content; times in nanoseconds since 1970.</summary>
internal readonly record struct FileStamp(uint DeviceMajor, uint DeviceMinor, ulong Inode, ulong Size, long Modified, long Changed);
