namespace Calltap.Trace;

/// <summary>The parts of a trace.dat that describe what is in a page and in an event.</summary>
static class TraceDatFormats
{
    /// <summary>Type of entries.</summary>
    public const ushort EntryId = 11;

    /// <summary>Type of exits.</summary>
    public const ushort ExitId = 10;

    /// <summary>Type of what tells of lost events.</summary>
    public const ushort LostId = 1001;

    /// <summary>Type of what tells of exits without an entry.</summary>
    public const ushort OrphansId = 1002;

    const string Page = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
        + "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";

    const string Event = "# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n"
        + "\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n";

    const string Common = "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
        + "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

    static readonly string s_entry = $"name: funcgraph_entry\nID: {EntryId}\nformat:\n{Common}"
        + "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n\n"
        + "print fmt: \"--> %ps (%d)\", (void *)REC->func, REC->depth\n";

    static readonly string s_exit = $"name: funcgraph_exit\nID: {ExitId}\nformat:\n{Common}"
        + "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n\tfield:unsigned long long calltime;\toffset:16;\tsize:8;\tsigned:0;\n"
        + "\tfield:unsigned long long rettime;\toffset:24;\tsize:8;\tsigned:0;\n\tfield:unsigned int overrun;\toffset:32;\tsize:4;\tsigned:0;\n"
        + "\tfield:int depth;\toffset:36;\tsize:4;\tsigned:1;\n\n"
        + "print fmt: \"<-- %ps (%d) (start: %llx  end: %llx)\", (void *)REC->func, REC->depth, REC->calltime, REC->rettime\n";

    static readonly string s_lost = Counts("events_lost", LostId);

    static readonly string s_orphans = Counts("exits_of_earlier_calls", OrphansId);

    /// <summary>Appends them.</summary>
    public static void Write(ByteWriter output)
    {
        output.Bytes("header_page\0"u8);
        Text(output, Page);
        output.Bytes("header_event\0"u8);
        Text(output, Event);
        output.Word32(2);
        Text(output, s_entry);
        Text(output, s_exit);
        output.Word32(1);
        output.Bytes("calltap\0"u8);
        output.Word32(2);
        Text(output, s_lost);
        Text(output, s_orphans);
    }

    static string Counts(string name, int id) => $"name: {name}\nID: {id}\nformat:\n{Common}"
        + "\tfield:long long entries;\toffset:8;\tsize:8;\tsigned:1;\n\tfield:long long exits;\toffset:16;\tsize:8;\tsigned:1;\n\tfield:long long holes;\toffset:24;\tsize:8;\tsigned:1;\n\n"
        + "print fmt: \"entries=%lld exits=%lld holes=%lld\", REC->entries, REC->exits, REC->holes\n";

    static void Text(ByteWriter output, string text)
    {
        output.Word64((ulong)text.Length);
        output.Bytes(System.Text.Encoding.ASCII.GetBytes(text));
    }
}
