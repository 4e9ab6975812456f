namespace Calltap.Tests.Code;

/// <summary>
/// Small functions and what can be patched of them. Each line: name | options | bytes at 0x1000 | size of the function | expected plan (see
/// <see cref="Module.Describe(Calltap.Code.FunctionPlan)"/>); before it the source, padding behind the function after a bar.
/// </summary>
internal static class SiteCorpus
{
    internal static IEnumerable<string> Lines =>
        Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => !l.StartsWith('#'));

    private const string Text = """
        # push rbp; mov rbp,rsp; sub rsp,16; xor eax,eax; leave; ret | nop;nop;nop;nop
        frame pointer prologue |  | 554889e54883ec1031c0c9c390909090 | 12 | SeveralInstructions+0 8/8 {1,4} dead; Return/ReturnWithPadding+b 1/5
        # endbr64; push rbp; mov rbp,rsp; mov eax,edi; pop rbp; ret | int3;int3;int3;int3
        endbr64 stays in front |  | f30f1efa554889e589f85dc3cccccccc | 12 | SeveralInstructions+4 6/6 {1,4}; Return/ReturnWithPadding+b 1/5
        # .byte 0x0f,0x1f,0x44,0,0; xor eax,eax; ret | nop;nop;nop;nop
        nop of five bytes |  | 0f1f44000031c0c390909090 | 8 | Nop5+0 5/5 dead; Return/ReturnWithPadding+7 1/5
        # nop;nop;nop;nop;nop; xor eax,eax; ret | nop;nop;nop;nop
        five nops are five instructions |  | 909090909031c0c390909090 | 8 | SeveralInstructions+0 5/5 {1,2,3,4} dead; Return/ReturnWithPadding+7 1/5
        # mov eax,1; ret | nop;nop;nop;nop
        single instruction |  | b801000000c390909090 | 6 | SingleInstruction+0 5/5 returns; Return/ReturnWithPadding+5 1/5
        # ret | nop;nop;nop;nop
        lone ret is entry and exit |  | c390909090 | 1 | ReturnWithPadding+0 1/5 exit transfer=0
        # xor eax,eax; ret | nop;nop
        tiny function is one region |  | 31c0c39090 | 3 | SeveralInstructions+0 3/5 {2} exit transfer=2 dead
        # xor eax,eax; ret
        tiny function without padding |  | 31c0c3 | 3 | !TooShort; !TooShort+2
        # .byte 0xe9; .long 0xfffb
        thunk is entry and tail jump |  | e9fbff0000 | 5 | SingleInstruction+0 5/5 exit transfer=0 ->0x11000
        # xor eax,eax; .byte 0xe9; .long 0xfff9
        two instructions then a tail jump |  | 31c0e9f9ff0000 | 7 | SeveralInstructions+0 7/7 {2} exit transfer=2 ->0x11000 dead
        # f: dec edi; mov eax,edi; jne f; ret | nop;nop;nop;nop
        loop entry |  | ffcf89f875fac390909090 | 7 | !LoopEntry; Return/ReturnWithPadding+6 1/5
        # endbr64; 1: dec edi; mov eax,edi; mov ecx,edi; jne 1b; ret | nop;nop;nop;nop
        loop to behind endbr64 |  | f30f1efaffcf89f889f975f8c390909090 | 13 | !LoopEntry; Return/ReturnWithPadding+c 1/5
        # f: push rbx; mov ebx,edi; mov edi,ebx; call f; pop rbx; ret | nop;nop;nop;nop
        recursion is no loop |  | 5389fb89dfe8f6ffffff5bc390909090 | 12 | SeveralInstructions+0 5/5 {1,3}; Return/ReturnWithPadding+b 1/5
        # f: lock cmpxchg [rdi+16],ecx; je f+1; ret | nop;nop;nop;nop
        jump past a lock prefix |  | f00fb14f1074fac390909090 | 8 | !BranchTargetInside; Return/ReturnWithPadding+7 1/5
        # push rbp; 1: mov rbp,rsp; mov eax,edi; dec edi; jne 1b; pop rbp; ret | nop;nop;nop;nop
        branch target inside |  | 554889e589f8ffcf75f75dc390909090 | 12 | !BranchTargetInside; Return/ReturnWithPadding+b 1/5
        # call rax; mov eax,1; ret | nop;nop;nop;nop
        call inside |  | ffd0b801000000c390909090 | 8 | !CallInside; Return/ReturnWithPadding+7 1/5
        # push rbx; .byte 0xe8; .long 0x10000; pop rbx; ret | nop;nop;nop;nop
        call last |  | 53e8000001005bc390909090 | 8 | SeveralInstructions+0 6/6 {1}; Return/ReturnWithPadding+7 1/5
        # push rbx; .byte 0xe8; .long 0x10000; pop rbx; ret | nop;nop;nop;nop
        call last under a shadow stack | shstk | 53e8000001005bc390909090 | 8 | !ShadowStack; Return/ReturnWithPadding+7 1/5
        # push rbx; call [rsp+8]; pop rbx; ret | nop;nop;nop;nop
        call through the stack pointer |  | 53ff5424085bc390909090 | 7 | !CallThroughStackPointer; Return/ReturnWithPadding+6 1/5
        # xor eax,eax; syscall; ret | nop;nop;nop;nop
        system call |  | 31c00f05c390909090 | 5 | !SystemInstruction; Return/ReturnWithPadding+4 1/5
        # xor eax,eax; rdmsr; nop; ret | nop;nop;nop;nop
        privileged instruction |  | 31c00f3290c390909090 | 6 | !SystemInstruction; Return/ReturnWithPadding+5 1/5
        # push rbx; mov ebx,edi; mov eax,edi; .byte 0xd5,0x10,0x01,0xc0; pop rbx; ret | nop;nop;nop;nop
        unknown instruction (APX) |  | 5389fb89f8d51001c05bc390909090 | 11 | !Undecodable; Return/ReturnWithPadding+a 1/5; unknown
        # push rbx; jrcxz 1f; mov eax,1; 1: pop rbx; ret | nop;nop;nop;nop
        jrcxz in the region |  | 53e305b8010000005bc390909090 | 10 | !CountedJump; Return/ReturnWithPadding+9 1/5
        # test edi,edi; je 1f; mov eax,1; ret; nop;nop;nop;nop; 1: mov eax,2; ret | nop;nop;nop;nop
        conditional jump in the region |  | 85ff740ab801000000c390909090b802000000c390909090 | 20 | SeveralInstructions+0 9/9 {2,4} dead returns; Return/ReturnWithPadding+9 1/5; Return/ReturnWithPadding+13 1/5
        # test edi,edi; je 1f; 1: mov eax,1; ret | nop;nop;nop;nop
        conditional jump into the region |  | 85ff7400b801000000c390909090 | 10 | !BranchTargetInside; Return/ReturnWithPadding+9 1/5
        # mov ebx,1; add rsp,8; pop rbx; pop rbp; ret
        exit takes instructions before it |  | bb010000004883c4085b5dc3 | 12 | SingleInstruction+0 5/5 dead; Return/ExitWithInstructionsBefore+5 7/7 {4,5,6} transfer=6
        # mov eax,1; test edi,edi; je 1f; mov eax,2; 1: ret
        exit is a branch target |  | b80100000085ff7405b802000000c3 | 15 | SingleInstruction+0 5/5 dead; !BranchTargetInside+e
        # mov eax,1; test edi,edi; je 1f; mov eax,2; 1: pop rbx; ret
        a label before the exit ends the block |  | b80100000085ff7405b8020000005bc3 | 16 | SingleInstruction+0 5/5 dead; !BranchTargetInside+f
        # mov eax,1; test edi,edi; je 1f; mov eax,2; 1: add rsp,8; ret
        exit region may start at a label |  | b80100000085ff7405b8020000004883c408c3 | 19 | SingleInstruction+0 5/5 dead; Return/ExitWithInstructionsBefore+e 5/5 {4} transfer=4
        # mov eax,1; rep ret | nop;nop;nop
        rep ret |  | b801000000f3c3909090 | 7 | SingleInstruction+0 5/5; Return/ReturnWithPadding+5 2/5
        # mov eax,1; ret 16 | nop;nop
        ret imm16 |  | b801000000c210009090 | 8 | SingleInstruction+0 5/5; Return/ReturnWithPadding+5 3/5
        # mov eax,1; ret | .byte 0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0
        one multi-byte nop as padding |  | b801000000c3662e0f1f840000000000 | 6 | SingleInstruction+0 5/5 returns; Return/ReturnWithPadding+5 1/5
        # mov eax,1; test edi,edi; .byte 0x0f,0x84; .long 0x10000; ret | nop;nop;nop;nop
        conditional tail jump |  | b80100000085ff0f8400000100c390909090 | 14 | SingleInstruction+0 5/5 dead; ConditionalTailJump/SingleInstruction+7 6/6 ->0x1100d; Return/ReturnWithPadding+d 1/5
        # mov eax,1; mov ecx,edi; test edi,edi; .byte 0x74,0xe0; ret | nop;nop;nop;nop
        short conditional tail jump |  | b80100000089f985ff74e0c390909090 | 12 | SingleInstruction+0 5/5 dead; ConditionalTailJump/ExitWithInstructionsBefore+5 6/6 {2,4} transfer=4 ->0xfeb; Return/ReturnWithPadding+b 1/5
        # mov eax,1; .byte 0xeb,0xe0 | nop;nop;nop
        short tail jump with padding |  | b801000000ebe0909090 | 7 | SingleInstruction+0 5/5; TailJump/ReturnWithPadding+5 2/5 ->0xfe7
        # mov eax,1; jmp [rip+0x1000]
        tail jump through the GOT |  | b801000000ff2500100000 | 11 | SingleInstruction+0 5/5; TailJump/SingleInstruction+5 6/6
        # mov rax,[rdi]; mov rax,[rax+8]; jmp rax | nop;nop;nop
        tail jump through a register at depth 0 |  | 488b07488b4008ffe0909090 | 9 | SeveralInstructions+0 7/7 {3}; TailJump/ReturnWithPadding+7 2/5
        # push rbx; mov rax,[rdi]; mov rbx,rdi; jmp rax; pop rbx; ret | nop;nop;nop;nop
        indirect jump in the middle of a frame |  | 53488b074889fbffe05bc390909090 | 11 | !IndirectJumpNotUnderstood; Return/ReturnWithPadding+a 1/5; unknown
        # mov eax,1; push rbx; jmp rax; pop rbx; ret | nop;nop;nop;nop
        indirect jump leaves single instructions |  | b80100000053ffe05bc390909090 | 10 | SingleInstruction+0 5/5; Return/ReturnWithPadding+9 1/5; unknown
        # mov eax,1; test edi,edi; je 1f; ret; nop;nop;nop;nop; 1: mov eax,2; ret | nop;nop;nop;nop
        padding in the middle |  | b80100000085ff7405c390909090b802000000c390909090 | 20 | SingleInstruction+0 5/5 dead; Return/ReturnWithPadding+9 1/5; Return/ReturnWithPadding+13 1/5
        # mov eax,1; test edi,edi; je 1f; ret; nop; 1: nop;nop;nop; mov eax,2; ret | nop;nop;nop;nop
        padding that is a branch target |  | b80100000085ff7402c390909090b802000000c390909090 | 20 | SingleInstruction+0 5/5 dead; Return/ExitWithInstructionsBefore+5 5/5 {2,4} transfer=4; Return/ReturnWithPadding+13 1/5
        # mov eax,1; ret | nop;nop;nop;nop;mov eax,3; ret
        unknown code behind the padding, unaligned |  | b801000000c390909090b803000000c3 | 6 | SingleInstruction+0 5/5 returns; Return/ReturnWithPadding+5 1/5
        # mov eax,1; mov ecx,1; mov dx,1; ret | nop;nop;nop;nop;mov eax,3; ret
        unknown code behind the padding, nops beyond the boundary |  | b801000000b90100000066ba0100c390909090b803000000c3 | 15 | SingleInstruction+0 5/5; Return/ExitWithInstructionsBefore+a 5/5 {4} transfer=4
        # mov eax,1; ret | pause;pause
        pause is no padding |  | b801000000c3f390f390 | 6 | SingleInstruction+0 5/5 returns; !Overlaps+5
        # mov eax,1; .byte 0xe8; .long 0x10000; ret
        call before the exit |  | b801000000e800000100c3 | 11 | SingleInstruction+0 5/5; !CallInside+a
        # mov eax,1; 1: mov ecx,edi; dec edi; jne 1b; ret
        conditional jump before the exit |  | b80100000089f9ffcf75fac3 | 12 | SingleInstruction+0 5/5; Return/ExitWithInstructionsBefore+7 5/5 {2,4} transfer=4
        # mov rax,[rdi]; mov rcx,[rdi]; mov ecx,1; ret | nop;nop;nop;nop
        load may fault | faults | 488b07488b0fb901000000c390909090 | 12 | !MayFault; Return/ReturnWithPadding+b 1/5
        # mov rax,[rdi]; mov rcx,[rdi]; mov ecx,1; ret | nop;nop;nop;nop
        load without a fault handler |  | 488b07488b0fb901000000c390909090 | 12 | SeveralInstructions+0 6/6 {3}; Return/ReturnWithPadding+b 1/5
        # mov rax,[rsp+8]; mov ecx,1; ret | nop;nop;nop;nop
        stack load may stay | faults | 488b442408b901000000c390909090 | 11 | SingleInstruction+0 5/5; Return/ReturnWithPadding+a 1/5
        # mov rax,[rsp+rdi*8]; mov rdx,[rsp]; ret | nop;nop;nop;nop
        indexed stack load may fault | faults | 488b04fc488b1424c390909090 | 9 | !MayFault; Return/ReturnWithPadding+8 1/5
        # sub rsp,8; mov rax,fs:[0x28]; mov ecx,1; add rsp,8; ret | nop;nop;nop;nop
        canary may stay | faults | 4883ec0864488b042528000000b9010000004883c408c390909090 | 23 | SeveralInstructions+0 13/13 {4} dead; Return/ReturnWithPadding+16 1/5
        # mov eax,edi; cdq; idiv esi; ret | nop;nop;nop;nop
        division may fault | faults | 89f899f7fec390909090 | 6 | !MayFault; Return/ReturnWithPadding+5 1/5
        # mov ecx,edi; rep stosb; nop; ret | nop;nop;nop;nop
        string instruction may fault | faults | 89f9f3aa90c390909090 | 6 | !MayFault; Return/ReturnWithPadding+5 1/5
        # mov eax,[rip+0x100]; ret | nop;nop;nop;nop
        rip-relative load may fault | faults | 8b0500010000c390909090 | 7 | !MayFault; Return/ReturnWithPadding+6 1/5
        # push rbx; call [rip+0x100]; pop rbx; ret | nop;nop;nop;nop
        call through the GOT may stay | faults | 53ff15000100005bc390909090 | 9 | SeveralInstructions+0 7/7 {1}; Return/ReturnWithPadding+8 1/5
        # lea rax,[rdi+rdi*4]; lea rcx,[rdi]; ret | nop;nop;nop;nop
        lea does not access memory | faults | 488d04bf488d0fc390909090 | 8 | SeveralInstructions+0 7/7 {4} returns; Return/ReturnWithPadding+7 1/5
        # f: cmp rsp,[r14+0x10]; .byte 0x0f,0x86; .long more-.-4; sub rsp,24; xor eax,eax; add rsp,24; ret; more: call 0x11000; jmp f
        Go: near jump of the check | go | 493b66100f860b0000004883ec1831c04883c418c3e8e6ff0000ebe4 | 28 | SingleInstruction+4 6/6 not-taken; !GoExit+14
        # f: cmp rsp,[r14+0x10]; jbe more; sub rsp,24; mov [rsp+16],rbp; lea rbp,[rsp+16]; xor eax,eax; mov rbp,[rsp+16]; add rsp,24; ret; more: call 0x11000; jmp f
        Go: frame pointer saved behind a short check | go | 493b6610761a4883ec1848896c2410488d6c241031c0488b6c24104883c418c3e8dbff0000ebd9 | 39 | SingleInstruction+a 5/5 dead; !GoExit+1f
        # f: lea r12,[rsp-16]; cmp r12,[r14+0x10]; jbe more; sub rsp,0x90; xor eax,eax; add rsp,0x90; ret; more: call 0x11000; jmp f
        Go: frame above the smallest | go | 4c8d6424f04d3b661076114881ec9000000031c04881c490000000c3e8dfff0000ebdd | 35 | SingleInstruction+b 7/7 dead; !GoExit+1b
        # f: mov r12,rsp; sub r12,0x1f40; jb more; cmp r12,[r14+0x10]; jbe more; push rbp; mov rbp,rsp; sub rsp,0x1fa0; xor eax,eax; add rsp,0x1fa0; pop rbp; ret; more: call 0x11000; jmp f
        Go: frame above the guard | go | 4989e44981ec401f0000721c4d3b66107616554889e54881eca01f000031c04881c4a01f00005dc3e8d3ff0000ebd1 | 47 | SingleInstruction+16 7/7 dead; !GoExit+27
        # f: cmp rsp,[r14+0x10]; jbe more; push rbp; mov rbp,rsp; sub rsp,16; mov [rsp+32],rax; xor eax,eax; add rsp,16; pop rbp; ret; more: mov [rsp+8],rax; call 0x11000; mov rax,[rsp+8]; jmp f
        Go: spill behind the frame | go | 493b66107615554889e54883ec10488944242031c04883c4105dc34889442408e8dbff0000488b442408ebd4 | 44 | SingleInstruction+e 5/5 dead; !GoExit+1a
        # f: cmp rsp,[r14+0x10]; jbe more; push rbp; mov rbp,rsp; call 0x11000; pop rbp; ret; more: call 0x11000; jmp f
        Go: call behind the frame | go | 493b6610760b554889e5e8f1ff00005dc3e8eaff0000ebe8 | 24 | SingleInstruction+a 5/5; !GoExit+10
        # f: sub rsp,0x100; xor eax,eax; add rsp,0x100; ret
        Go: no check | go | 4881ec0001000031c04881c400010000c3 | 17 | !GoUnchecked; !GoExit+10
        # f: cmp rsp,[r14+0x18]; jbe more; sub rsp,24; mov [rsp+16],rbp; add rsp,24; ret; more: call 0x11000; jmp f
        Go: check of the other guard | go | 493b6618760e4883ec1848896c24104883c418c3e8e7ff0000ebe5 | 27 | !GoUnchecked; !GoExit+13
        # f: cmp rsp,[r14+0x10]; jbe more; sub rsp,24; mov [rsp+16],rbp; add rsp,24; ret; more: call 0x11000; ud2
        Go: check that leads elsewhere | go | 493b6610760e4883ec1848896c24104883c418c3e8e7ff00000f0b | 27 | !GoUnchecked; !GoExit+13
        # f: cmp rsp,[r14+0x10]; jbe more; sub rsp,0x100; add rsp,0x100; ret; more: call 0x11000; jmp f
        Go: frame that the check has not seen to | go | 493b6610760f4881ec000100004881c400010000c3e8e6ff0000ebe4 | 28 | !GoNoInstruction; !GoExit+14
        # f: cmp rsp,[r14+0x10]; jbe more; push rbp; mov rbp,rsp; mov rcx,[rax]; mov eax,1; pop rbp; ret; more: call 0x11000; jmp f
        Go: fault before the first long instruction | go | 493b6610760e554889e5488b08b8010000005dc3e8e7ff0000ebe5 | 27 | !GoNoInstruction; !GoExit+13
        # f: cmp rsp,[r14+0x10]; jbe more; push rbp; 1: mov eax,1; dec ecx; jne 1b; pop rbp; ret; more: call 0x11000; jmp f
        Go: loop right behind the check | go | 493b6610760c55b801000000ffc975f75dc3e8e9ff0000ebe7 | 25 | !GoNoInstruction; !GoExit+11
        # f: cmp rsp,[r14+0x10]; jbe more; mov rsp,rbp; mov eax,1; ret; more: call 0x11000; jmp f
        Go: stack switched before the first long instruction | go | 493b661076094889ecb801000000c3e8ecff0000ebea | 22 | !GoNoInstruction; !GoExit+e
        # f: cmp rsp,[r14+0x10]; jbe more; sub rsp,24; mov [rsp+16],rbp; jmp rdx; more: call 0x11000; jmp f
        Go: jump not understood, site in the frame | go | 493b6610760b4883ec1848896c2410ffe2e8eaff0000ebe8 | 24 | SingleInstruction+a 5/5; unknown
        # f: cmp rsp,[r14+0x10]; jbe more; push rbp; mov eax,1; jmp rdx; more: call 0x11000; jmp f
        Go: jump not understood, no site in the frame | go | 493b6610760855b801000000ffe2e8edff0000ebeb | 21 | !GoNoInstruction; unknown
        # f: cmp rsp,[r14+0x10]; .byte 0x0f,0x86; .long more-.-4; ret; more: call 0x11000; jmp f
        Go: the runtime | go runtime | 493b66100f8601000000c3e8f0ff0000ebee | 18 | !GoRuntime; !GoExit+a
        # test edi,edi; .byte 0x0f,0x84; .long 0x10000; mov eax,1; ret | nop;nop;nop;nop
        conditional tail jump in the entry region |  | 85ff0f8400000100b801000000c390909090 | 14 | SeveralInstructions+0 8/8 {2} dead; Return/ReturnWithPadding+d 1/5; !Overlaps+2
        # sub rsp,8; xor eax,eax; .byte 0xe8; .long 0x10000
        no exit: ends in a call |  | 4883ec0831c0e800000100 | 11 | SeveralInstructions+0 6/6 {4} dead
        # push rbx; mov ebx,edi; mov eax,1
        falls through its end |  | 5389fbb801000000 | 8 | SeveralInstructions+0 8/8 {1,3}; unknown
        # mov eax,1; ud2
        ud2 ends a function |  | b8010000000f0b | 7 | SingleInstruction+0 5/5
        # mov eax,1; mov ecx,2; retf
        far return |  | b801000000b902000000cb | 11 | SingleInstruction+0 5/5; !FarTransfer+a
        # .byte 0x67,0x8b,0x05,0,1,0,0; ret | nop;nop;nop;nop
        address-size override |  | 678b0500010000c390909090 | 8 | !AddressSizeOverride; Return/ReturnWithPadding+7 1/5
        # adc eax,edi; xor eax,eax; mov ecx,1; ret | nop;nop;nop;nop
        flags read |  | 11f831c0b901000000c390909090 | 10 | SeveralInstructions+0 9/9 {2,4} returns; Return/ReturnWithPadding+9 1/5
        # shl edi,cl; mov eax,edi; mov ecx,edi; ret | nop;nop;nop;nop
        flags behind a shift |  | d3e789f889f9c390909090 | 7 | SeveralInstructions+0 6/6 {2,4} returns; Return/ReturnWithPadding+6 1/5
        # inc edi; mov eax,edi; setc al; mov ecx,edi; ret | nop;nop;nop;nop
        flags left by inc |  | ffc789f80f92c089f9c390909090 | 10 | SeveralInstructions+0 7/7 {2,4}; Return/ReturnWithPadding+9 1/5
        # push rbx; .byte 0xe8; .long 0x10000; xor eax,eax; pop rbx; ret | nop;nop;nop;nop
        flags behind a call |  | 53e80000010031c05bc390909090 | 10 | SeveralInstructions+0 6/6 {1}; Return/ReturnWithPadding+9 1/5
        """;
}
