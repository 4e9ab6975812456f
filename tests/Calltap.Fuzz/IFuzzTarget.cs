namespace Calltap.Fuzz;

/// <summary>A reader of bytes that somebody else wrote.</summary>
interface IFuzzTarget
{
    /// <summary>What it is called on the command line, and its folder in the corpus.</summary>
    string Name { get; }

    /// <summary>Most bytes of an input that the driver makes.</summary>
    int MaxInput { get; }

    /// <summary>What one input may cost.</summary>
    InputLimits Limits { get; }

    /// <summary>Inputs in order, from which others are made.</summary>
    IReadOnlyList<byte[]> MakeSeeds();

    /// <summary>A change that knows the format; <paramref name="other"/> is another input to take parts of.</summary>
    byte[] Mutate(byte[] input, byte[] other, Random random);

    /// <summary>Puts right what would keep a changed input out of the deeper code: checksums, sizes.</summary>
    byte[] Repair(byte[] input);

    /// <summary>Reads the input. An exception that the reader documents is caught here; any other is a fault.</summary>
    void Execute(byte[] input);
}
