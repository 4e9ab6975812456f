using Calltap.Code.Managed;
using Xunit;

namespace Calltap.Tests.Code;

public sealed class EpilogueTextTests
{
    [Theory]
    [InlineData("4883c4085dc3")] // add rsp, 8; pop rbp; ret
    [InlineData("4881c4000100005bc3")]
    [InlineData("488d65f05dc3")] // lea rsp, [rbp-16]
    [InlineData("5dc3")]
    [InlineData("415f415e5df3c3")]
    [InlineData("5de900000000")] // pop rbp; jmp
    [InlineData("5dff2500000000")]
    [InlineData("5d48ffe0")]
    [InlineData("5d")] // who knows what follows
    [InlineData("5b48")]
    public void What_may_be_the_rest_of_an_epilogue_is_told(string bytes) => Assert.True(EpilogueText.MayBe(Convert.FromHexString(bytes)));

    [Theory]
    [InlineData("7f4883ec08")]
    [InlineData("5b488b4708")] // pop rbx; mov rax, [rdi+8]
    [InlineData("5dff5008")] // pop rbp; call
    [InlineData("5d48ff5008")]
    [InlineData("8b4708c3")]
    [InlineData("5390")]
    public void What_goes_on_otherwise_is_none(string bytes) => Assert.False(EpilogueText.MayBe(Convert.FromHexString(bytes)));
}
