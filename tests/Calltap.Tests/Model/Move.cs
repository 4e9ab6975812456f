using System.Globalization;

namespace Calltap.Tests.Model;

/// <summary>What happens between two states, in words; 0 stands for the thread, 1 for the site.</summary>
readonly record struct Move(string Words, int Thread, int Site)
{
    public override string ToString() =>
        string.Format(CultureInfo.InvariantCulture, Words, (char)('A' + Thread), Site);
}
