using Calltap.LiveTests.Engine;
using Calltap.LiveTests.Programs;
using Calltap.Modules;
using Calltap.Patching;
using Calltap.Target;

namespace Calltap.LiveTests.Managed;

/// <summary>More is compiled than a session has room for.</summary>
[Collection(EngineTests.Name)]
public sealed class CompiledRoomTests
{
    const int LateMethods = 200;

    [Theory]
    [InlineData(10, true)]
    [InlineData(100_000, false)]
    public void What_there_is_no_room_for_is_counted(int room, bool isLeftOut)
    {
        using var program = ManagedProgram.Start(options: new ManagedOptions { Threads = 1, Kinds = ["plain", "late"], Environment = ["DOTNET_TieredCompilation=0"] });
        using TargetProcess target = TargetProcess.Open(program.Pid);
        FunctionCatalog catalog = FunctionCatalog.Load(target, FunctionScope.Executable, []);
        int before = catalog.Functions.Count, come = 0, leftOut = 0;
        var watch = new ModuleWatch(target, catalog, before + room, _ => false);
        program.BeginLate();
        Assert.True(Deadline.In(EngineTests.Patience).Poll(() =>
        {
            ModuleChanges changes = watch.Look(new StepClock(null));
            come += changes.Come.Sum(module => module.Contents.Functions.Count);
            leftOut += changes.LeftOut;
            return come + leftOut >= LateMethods;
        }), $"{come} have come, {leftOut} were left out");
        Assert.Equal(before + come, catalog.Functions.Count);
        Assert.True(come <= room, $"{come} in room for {room}");
        Assert.Equal(isLeftOut, leftOut > 0);
        program.AssertRight();
    }
}
