using Calltap.Patching;
using CsCheck;
using Xunit;

namespace Calltap.Tests.Patching;

public sealed class PatchImageTests
{
    const int Page = PatchRun.PageSize;
    const ulong Start = 0x40_0000;

    static readonly PatchBytes s_patch = PatchBytes.From([1, 2, 3, 4, 5]);

    [Fact]
    public void Runs_join_neighbouring_pages_and_leave_out_others()
    {
        PatchImage image = For(0, 100, Page + 10, 3 * Page);
        Assert.Equal([(Start, 2 * Page), (Start + 3 * Page, Page)], Runs(image));
    }

    [Fact]
    public void A_site_that_straddles_two_pages_brings_both()
    {
        PatchImage image = For(Page - 2);
        Assert.Equal([(Start, 2 * Page)], Runs(image));
    }

    [Fact]
    public void A_site_that_straddles_two_runs_is_written_and_read_whole()
    {
        const int Last = PatchRun.MaxPages * Page - 2; // the run is full: its page is not taken twice
        PatchImage image = For([.. Enumerable.Range(0, PatchRun.MaxPages).Select(i => (long)i * Page), Last]);
        Assert.Equal([(Start, PatchRun.MaxPages * Page), (Start + PatchRun.MaxPages * Page, Page)], Runs(image));
        TargetAddress site = new TargetAddress(Start) + Last;
        image.WriteTail(site, s_patch);
        image[site] = s_patch.Head;
        Assert.Equal(s_patch, image.Read(site));
        Assert.Equal(1, image.Runs[0].Image[^2]);
        Assert.Equal([3, 4, 5], image.Runs[1].Image[..3]);
    }

    [Fact]
    public void Every_site_is_in_exactly_one_place() =>
        Gen.Int[0, 300 * Page].HashSet[1, 200].Sample(offsets =>
        {
            long[] sorted = [.. offsets.Order().Select(o => (long)o * 5)];
            PatchImage image = For(sorted);
            for (int i = 1; i < image.Runs.Count; i++) Assert.True(image.Runs[i - 1].End <= image.Runs[i].Start);
            Assert.All(image.Runs, run => Assert.InRange(run.Image.Length, Page, (PatchRun.MaxPages + 1) * Page));
            foreach (long offset in sorted)
            {
                TargetAddress site = new TargetAddress(Start) + offset;
                PatchBytes mine = PatchBytes.From(BitConverter.GetBytes(offset * 0x1234_5678_9ab1));
                image[site] = mine.Head;
                image.WriteTail(site, mine);
                Assert.Equal(mine, image.Read(site));
            }
        });

    [Fact]
    public void Writing_a_tail_leaves_the_head_and_the_neighbours()
    {
        PatchImage image = For(64);
        TargetAddress site = new TargetAddress(Start) + 64;
        image.WriteTail(site, s_patch);
        Assert.Equal([0, 0, 2, 3, 4, 5, 0], image.Runs[0].Image[63..70]);
    }

    [Fact]
    public void Another_address_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => For(0).Read(new TargetAddress(Start + Page)));

    static PatchImage For(params long[] offsets) => PatchImage.For(offsets.Select(o => new TargetAddress(Start) + o));

    static IEnumerable<(ulong Start, int Length)> Runs(PatchImage image) => image.Runs.Select(r => (r.Start.Value, r.Image.Length));
}
