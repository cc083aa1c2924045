namespace RecallCluster.Testing;

/// <summary>
/// A file of <c>tests/golden/formats</c>: a line for each form of something that later programs must read, its name and its bytes in
/// hexadecimal digits. Of several lines with one name the last is what is written today.
/// </summary>
internal sealed class GoldenForms
{
    private readonly string _path;
    private readonly ILookup<string, byte[]> _forms;

    private GoldenForms(string path)
    {
        _path = path;
        _forms = File.ReadLines(path).Select(line => line.Split(' ')).ToLookup(line => line[0], line => Convert.FromHexString(line[1]));
    }

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Names => _forms.Select(form => form.Key);

    public static GoldenForms Read(string name) => new(Repository.Golden("formats", name));

    /// <summary>All forms of a name, oldest first.</summary>
    public IReadOnlyList<byte[]> Of(string name) => [.. _forms[name]];

    /// <summary>What is written today, when it is <paramref name="written"/>; else fails with the line that is.</summary>
    public byte[] Today(string name, ReadOnlySpan<byte> written)
    {
        byte[]? form = _forms[name].LastOrDefault();
        if (form is null || !written.SequenceEqual(form))
            Assert.Fail($"{_path} has another form, or none, of what is now written as\n{name} {Convert.ToHexStringLower(written)}");
        return form!;
    }
}
