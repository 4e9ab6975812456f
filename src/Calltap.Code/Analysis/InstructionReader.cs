using Iced.Intel;

namespace Calltap.Code.Analysis;

/// <summary>One Iced decoder used over and over; not for several threads.</summary>
internal sealed class InstructionReader
{
    private readonly ArrayBytes _bytes = new();
    private readonly Decoder _decoder;

    internal InstructionReader() => _decoder = Decoder.Create(64, _bytes);

    /// <summary>Goes to <paramref name="address"/>; instructions end before <paramref name="end"/>, both inside <paramref name="section"/>.</summary>
    internal void Seek(CodeBytes section, ImageAddress address, ImageAddress end)
    {
        _bytes.Set(section.Data, section.IndexOf(address), section.IndexOf(end));
        _decoder.IP = address.Value;
    }

    /// <summary>
    /// Reads the next instruction; an undecodable byte is an instruction of length 1 with <see cref="Instruction.IsInvalid"/> set, after which
    /// reading goes on at the next byte.
    /// </summary>
    /// <returns>False at the end.</returns>
    internal bool TryRead(out Instruction instruction)
    {
        int start = _bytes.Position;
        if (start >= _bytes.End)
        {
            instruction = default;
            return false;
        }

        ulong address = _decoder.IP;
        _decoder.Decode(out instruction);
        if (instruction.IsInvalid)
        {
            _bytes.Position = start + 1;
            _decoder.IP = unchecked(address + 1);
            instruction = new Instruction { Length = 1, NextIP = unchecked(address + 1) };
        }

        return true;
    }

    private sealed class ArrayBytes : CodeReader
    {
        private byte[] _data = [];

        internal int Position { get; set; }

        internal int End { get; private set; }

        internal void Set(byte[] data, int position, int end)
        {
            _data = data;
            Position = position;
            End = end;
        }

        public override int ReadByte() => Position < End ? _data[Position++] : -1;
    }
}
