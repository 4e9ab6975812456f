using Calltap.LiveTests.Cli;
using Calltap.LiveTests.Engine;
using static Calltap.LiveTests.Surroundings.SurroundedProgram;

namespace Calltap.LiveTests.Surroundings;

/// <summary>Programs whose pids, files and root are not ours, and whose file is gone or another by now: traced from outside, exactly.</summary>
[Collection(EngineTests.Name)]
public sealed class NamespaceTests
{
    [Theory]
    [InlineData("--pid")]
    [InlineData("--pid", "--mount", "--mount-proc")]
    [InlineData("--pid", "--mount", "--mount-proc", "--ipc", "--uts", "--net", "--cgroup")]
    [InlineData("--user", "--map-root-user", "--pid", "--mount", "--mount-proc")]
    public void A_container_is_traced_from_outside(params string[] namespaces)
    {
        using SurroundedProgram target = Contained(namespaces);
        Assert.NotEqual(target.Pid, target.Program.Control.Pid); // it knows itself by another number
        target.AssertTraced();
        target.Program.AssertRight();
    }

    static SurroundedProgram Contained(string[] namespaces)
    {
        string[] by = ["unshare", .. namespaces, "--fork", "--kill-child"];
        SkipWithout([.. by, "true"]);
        return StartBy(by);
    }

    /// <summary>The path that is in the maps leads nowhere from here.</summary>
    [Fact]
    public void Files_that_only_the_container_has_are_found()
    {
        using var folder = new ScratchFolder();
        const string InContainer = "mount -t tmpfs none \"$0\" && cp \"$1\" \"$0/surroundings\" && shift && exec \"$0/surroundings\" \"$@\"";
        SkipWithout("unshare", "--mount", "mount", "-t", "tmpfs", "none", folder.Path);
        using SurroundedProgram target = StartBy("unshare", "--mount", "sh", "-c", InContainer, folder.Path);
        string path = File.ResolveLinkTarget($"/proc/{target.Pid}/exe", false)!.FullName;
        Assert.Equal((folder.File("surroundings"), false), (path, File.Exists(path)));
        target.AssertTraced();
        target.Program.AssertRight();
    }

    [Fact]
    public void A_program_whose_root_is_an_empty_folder_is_traced()
    {
        Assert.SkipUnless(IsRoot, "chroot needs root");
        using SurroundedProgram target = Start();
        using (TraceSession session = target.Program.Attach())
        {
            target.Do(ChangeRoot);
            target.AssertTraced(session);
        }
        target.AssertTraced();
        string root = File.ResolveLinkTarget($"/proc/{target.Pid}/root", false)!.FullName;
        target.Program.AssertRight();
        Directory.Delete(root);
    }

    [Fact]
    public void A_program_whose_file_is_gone_is_traced()
    {
        using var folder = new ScratchFolder();
        string copy = folder.File("surroundings");
        File.Copy(SurroundedProgram.Path, copy);
        using SurroundedProgram target = StartBy([], copy);
        File.Delete(copy);
        target.AssertTraced();
        target.Program.AssertRight();
    }

    /// <summary>An update puts another program there while this one runs: its own functions are traced, not those of the other.</summary>
    [Fact]
    public void A_program_whose_file_is_another_by_now_is_traced()
    {
        using var folder = new ScratchFolder();
        string copy = folder.File("surroundings"), other = SmallProgram.Build("guest");
        File.Copy(SurroundedProgram.Path, copy);
        using SurroundedProgram target = StartBy([], copy);
        using TraceSession session = target.Program.Attach();
        File.Copy(other, folder.File("new"));
        File.Move(folder.File("new"), copy, overwrite: true);
        Assert.NotEqual(File.ReadAllBytes(SurroundedProgram.Path), File.ReadAllBytes(copy));
        target.AssertTraced(session);
        session.Dispose();
        target.AssertTraced();
        using TraceSession again = target.Program.Attach();
        Assert.DoesNotContain(again.Catalog.Functions, function => function.Name.StartsWith("guest_", StringComparison.Ordinal));
        again.Dispose();
        target.Program.AssertRight();
    }
}
