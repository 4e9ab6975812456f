using System.Text;
using Calltap.Managed;
using Xunit;

namespace Calltap.Tests.Managed;

public sealed class DiagnosticsMessageTests
{
    [Fact]
    public void A_request_is_as_the_protocol_says()
    {
        byte[] request = DiagnosticsMessage.Request(ProcessCommand.Set, ProcessCommand.EnablePerfMap, [3, 0, 0, 0]);
        Assert.Equal("444F544E45545F4950435F563100" + "1800" + "04" + "05" + "0000" + "03000000", Convert.ToHexString(request));
    }

    [Theory]
    [InlineData("DOTNET_IPC_V1\0", 0xff, 28, 8)]
    [InlineData("DOTNET_IPC_V1\0", 0xff, 20, 0)]
    [InlineData("DOTNET_IPC_V1\0", 0xff, 19, null)]
    [InlineData("DOTNET_IPC_V1\0", 0x04, 28, null)]
    [InlineData("DOTNET_IPC_V2\0", 0xff, 28, null)]
    public void Only_the_header_of_an_answer_is_taken(string magic, byte set, byte size, int? payload) =>
        Assert.Equal(payload, DiagnosticsMessage.PayloadSize([.. Encoding.ASCII.GetBytes(magic), size, 0, set, 0, 0, 0]));

    [Fact]
    public void The_three_forms_of_an_identity_are_read()
    {
        byte[] first = [.. BitConverter.GetBytes(42L), .. new byte[16], .. Text("a b"), .. Text("Linux"), .. Text("x64")];
        byte[] second = [.. first, .. Text("a"), .. Text("10.0.12+abc")];
        byte[] third = [1, 0, 0, 0, .. second, .. Text("linux-x64")];
        Assert.Equal(new DotNetIdentity(42, "a b", "x64", null, null, null), DiagnosticsMessage.Identity(first, ProcessCommand.Info));
        Assert.Equal(new DotNetIdentity(42, "a b", "x64", "a", "10.0.12+abc", null), DiagnosticsMessage.Identity(second, ProcessCommand.Info2));
        Assert.Equal(new DotNetIdentity(42, "a b", "x64", "a", "10.0.12+abc", "linux-x64"), DiagnosticsMessage.Identity(third, ProcessCommand.Info3));
        for (int length = 0; length < third.Length; length++)
            Assert.Throws<DiagnosticsException>(() => DiagnosticsMessage.Identity(third.AsSpan(0, length), ProcessCommand.Info3));
    }

    static byte[] Text(string text) => [.. BitConverter.GetBytes(text.Length + 1), .. Encoding.Unicode.GetBytes(text + '\0')];
}
