namespace Calltap.LiveTests.Harmless;

/// <summary>What the program of targets/harm*.c does in a round; the numbers are its commands.</summary>
enum Scene
{
    Throw = 1,
    Leap,
    Switch,
    Signal,
    Timer,
    ThreadEnd,
    Cancel,
    Frame,
}
