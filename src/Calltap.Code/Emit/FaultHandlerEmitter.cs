using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Calltap.Code.Emit;

/// <summary>
/// Emits the handler that stands before the program's own for SIGSEGV while methods of .NET are armed: a fault in a displaced instruction is told to the runtime as one at the
/// instruction's own address, where it makes a NullReferenceException of it as ever. Any other fault goes on as it came.
/// </summary>
/// <remarks>
/// It is called by the kernel as handler(signal, siginfo, ucontext), with the program's own flags and mask, calls nothing, changes nothing but the saved pc, and goes on to the
/// program's handler by a jump, which returns where the kernel says. It reads the table at the end of the arena that the pc is in: as long as a thread's saved
/// context has a pc in an arena, that stays mapped.
/// <code>
/// table, downwards from the arena's end:  -8 qword number of entries;  -24-16*i qword pc in the arena, qword pc that it stands for
/// data:  +0 the program's own action, four qwords   +32 dword arenas   +40 for each arena qword start, qword end
/// </code>
/// </remarks>
public static class FaultHandlerEmitter
{
    private const int ContextRip = 168; // struct ucontext

    /// <summary>Offset in the data of the program's own action.</summary>
    public const int Action = 0;

    /// <summary>Offset of the number of arenas.</summary>
    public const int ArenaCount = 32;

    /// <summary>Offset of the first arena.</summary>
    public const int Arenas = 40;

    /// <summary>Arenas that there is room for.</summary>
    public const int MaxArenas = 48;

    /// <summary>Bytes of an arena's start and end.</summary>
    public const int ArenaSize = 16;

    /// <summary>Bytes of the data.</summary>
    public const int DataSize = Arenas + ArenaSize * MaxArenas;

    /// <summary>Bytes of an entry of a table.</summary>
    public const int EntrySize = 16;

    /// <summary>Emits it.</summary>
    /// <param name="data">How far behind its start its data is.</param>
    public static byte[] Emit(int data)
    {
        var asm = new Assembler(64);
        Label start = asm.CreateLabel(), arena = asm.CreateLabel(), next = asm.CreateLabel(), look = asm.CreateLabel(), found = asm.CreateLabel(), pass = asm.CreateLabel();
        asm.Label(ref start);
        asm.lea(r8, __[start]);
        asm.mov(r9, __qword_ptr[rdx + ContextRip]);
        asm.mov(ecx, __dword_ptr[r8 + (data + ArenaCount)]);
        asm.lea(r10, __qword_ptr[r8 + (data + Arenas)]);
        asm.Label(ref arena);
        asm.dec(ecx);
        asm.js(pass);
        asm.cmp(r9, __qword_ptr[r10]);
        asm.jb(next);
        asm.mov(r11, __qword_ptr[r10 + 8]);
        asm.cmp(r9, r11);
        asm.jae(next);
        asm.mov(rcx, __qword_ptr[r11 - 8]);
        asm.Label(ref look);
        asm.dec(rcx);
        asm.js(pass);
        asm.sub(r11, EntrySize);
        asm.cmp(r9, __qword_ptr[r11 - 8]);
        asm.je(found);
        asm.jmp(look);
        asm.Label(ref found);
        asm.mov(rax, __qword_ptr[r11]);
        asm.mov(__qword_ptr[rdx + ContextRip], rax);
        asm.jmp(pass);
        asm.Label(ref next);
        asm.add(r10, ArenaSize);
        asm.jmp(arena);
        asm.Label(ref pass);
        asm.jmp(__qword_ptr[r8 + (data + Action)]);
        using var code = new MemoryStream();
        asm.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }
}
