namespace Calltap.Tests.Trace.Export;

/// <summary>A message in the text format of protocol buffers, as protoc prints it: a field a line.</summary>
sealed class ProtoText
{
    readonly List<(string Name, string Value)> _values = [];
    readonly List<(string Name, ProtoText Message)> _messages = [];

    public string this[string name] => Find(name) ?? throw new KeyNotFoundException(name);

    public string? Find(string name) => _values.Find(value => value.Name == name).Value;

    public IEnumerable<ProtoText> All(string name) => _messages.Where(message => message.Name == name).Select(message => message.Message);

    public static ProtoText Parse(string text)
    {
        var open = new Stack<ProtoText>([new ProtoText()]);
        foreach (string line in text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            if (line == "}")
            {
                open.Pop();
            }
            else if (line.EndsWith(" {", StringComparison.Ordinal))
            {
                var message = new ProtoText();
                open.Peek()._messages.Add((line[..^2], message));
                open.Push(message);
            }
            else
            {
                int colon = line.IndexOf(": ", StringComparison.Ordinal);
                open.Peek()._values.Add((line[..colon], line[(colon + 2)..]));
            }
        }

        return open.Single();
    }
}
