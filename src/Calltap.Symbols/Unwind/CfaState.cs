namespace Calltap.Symbols;

/// <summary>As much of an unwind rule as tells whether a range starts the way a called function does.</summary>
/// <param name="Register">DWARF number of the CFA's register (psABI figure 3.36).</param>
/// <param name="Offset">What is added to it, in bytes.</param>
/// <param name="SavedOthers">More is known than where the return address is: a saved register, an expression, an outermost frame.</param>
internal readonly record struct CfaState(ulong Register, long Offset, bool SavedOthers)
{
    private const ulong Rsp = 7;
    private const ulong ReturnAddress = 16;

    public static CfaState Start => new(Rsp, 0, false);

    /// <summary>Only the return address has been pushed.</summary>
    public bool IsCall => Register == Rsp && Offset == 8 && !SavedOthers;

    /// <summary>The state after the instructions up to the first that advances the location (DWARF 5, 6.4.2).</summary>
    public CfaState After(ref ElfCursor code)
    {
        var state = this;
        while (code.Remaining > 0)
        {
            var opcode = code.U8();
            if ((opcode & 0xC0) == 0x40 || opcode is >= 0x01 and <= 0x04)
                break;
            state = (opcode & 0xC0) == 0 ? state.Extended(ref code, opcode) : state.Primary(ref code, opcode);
        }

        return state;
    }

    private CfaState Primary(ref ElfCursor code, byte opcode)
    {
        var register = opcode & 0x3FUL;
        if ((opcode & 0xC0) == 0xC0)
            return this; // restore
        code.Uleb();
        return Saved(register); // offset
    }

    private CfaState Extended(ref ElfCursor code, byte opcode)
    {
        switch (opcode)
        {
            case 0x00 or 0x0A or 0x0B or 0x2D: // nop, remember_state, restore_state, GNU_window_save
                return this;
            case 0x06 or 0x08 or 0x2E: // restore_extended, same_value, GNU_args_size
                code.Uleb();
                return this;
            case 0x05 or 0x09 or 0x11 or 0x14 or 0x15: // offset_extended(_sf), register, val_offset(_sf)
                var register = code.Uleb();
                code.Uleb();
                return Saved(register);
            case 0x0C: // def_cfa
                return this with { Register = code.Uleb(), Offset = unchecked((long)code.Uleb()) };
            case 0x0D: // def_cfa_register
                return this with { Register = code.Uleb() };
            case 0x0E: // def_cfa_offset
                return this with { Offset = unchecked((long)code.Uleb()) };
            case 0x0F: // def_cfa_expression
                code.Take(code.Length());
                return this with { SavedOthers = true };
            default:
                return Unusual(ref code, opcode);
        }
    }

    // None of these is found at a function's first byte; undefined(rip) marks an outermost frame such as _start.
    private CfaState Unusual(ref ElfCursor code, byte opcode)
    {
        if (opcode is 0x07 or 0x12 or 0x13 or 0x10 or 0x16) // undefined, def_cfa_sf, def_cfa_offset_sf, expression, val_expression
            code.Uleb();
        if (opcode is 0x12)
            code.Uleb();
        else if (opcode is 0x10 or 0x16)
            code.Take(code.Length());
        else if (opcode is not (0x07 or 0x13))
            code.Seek(code.Position + code.Remaining); // unknown: what follows cannot be told apart
        return this with { SavedOthers = true };
    }

    private CfaState Saved(ulong register) => register == ReturnAddress ? this : this with { SavedOthers = true };
}
