namespace RecallCluster.Serving.Gateway;

/// <summary>Numbers that a value stands for: a list while they are few, a set of bits where that is smaller.</summary>
internal readonly struct Posting
{
    private readonly int[]? _few;
    private readonly ulong[]? _many;

    /// <param name="numbers">The numbers, each once.</param>
    /// <param name="words">Words of a set of all numbers there are.</param>
    public Posting(List<int> numbers, int words)
    {
        if (numbers.Count <= words * 2)
        {
            _few = [.. numbers];
            return;
        }
        _many = new ulong[words];
        foreach (int number in numbers)
            Bits.Add(_many, number);
    }

    public void AddTo(Span<ulong> set)
    {
        if (_many is not null)
            Bits.AddAll(set, _many);
        else if (_few is not null)
        {
            foreach (int number in _few)
                Bits.Add(set, number);
        }
    }

    public void RemoveFrom(Span<ulong> set)
    {
        if (_many is not null)
        {
            for (int word = 0; word < _many.Length; word++)
                set[word] &= ~_many[word];
        }
        else if (_few is not null)
        {
            foreach (int number in _few)
                Bits.Remove(set, number);
        }
    }
}

/// <summary>Postings by a text value, without regard to case.</summary>
internal sealed class PostingMap
{
    private readonly Dictionary<string, Posting> _postings;
    private readonly Dictionary<string, Posting>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public PostingMap(Dictionary<string, List<int>> numbers, int words)
    {
        _postings = numbers.ToDictionary(pair => pair.Key, pair => new Posting(pair.Value, words), StringComparer.OrdinalIgnoreCase);
        _bySpan = _postings.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public bool IsEmpty => _postings.Count == 0;

    public bool TryGet(string value, out Posting posting) => _postings.TryGetValue(value, out posting);

    /// <summary>Adds the numbers of a category and of every category above it: "IAB2-3", then "IAB2".</summary>
    public void AddPathTo(ReadOnlySpan<char> category, Span<ulong> set)
    {
        while (!category.IsEmpty)
        {
            if (_bySpan.TryGetValue(category, out Posting posting))
                posting.AddTo(set);
            category = Parent(category);
        }
    }

    /// <summary>The category above: "IAB2" of "IAB2-3", nothing of "IAB2".</summary>
    public static ReadOnlySpan<char> Parent(ReadOnlySpan<char> category)
    {
        int dash = category.LastIndexOf('-');
        return dash < 0 ? [] : category[..dash];
    }

    /// <summary>Collects numbers by value, for the constructor.</summary>
    public static void Collect(Dictionary<string, List<int>> into, string value, int number)
    {
        if (!into.TryGetValue(value, out List<int>? numbers))
            into[value] = numbers = [];
        if (numbers.Count == 0 || numbers[^1] != number)
            numbers.Add(number);
    }
}
