using System.Text.Json;

namespace RecallCluster.Serving.Catalogue;

/// <summary>One live change of the catalogue, as a journal keeps it.</summary>
/// <param name="Id">The ad.</param>
/// <param name="Ad">What it is from now on; null when it is taken away.</param>
internal sealed record CatalogueEdit(string Id, AdLine? Ad);

/// <summary>
/// All live changes on top of the ads file, as a state machine without I/O: told edits in journal order by one writer; a snapshot and the
/// edits since then give it back. An ad's latest edit is all that matters.
/// </summary>
internal sealed class CatalogueEdits
{
    private readonly SortedDictionary<string, CatalogueEdit> _edits = new(StringComparer.Ordinal);

    /// <summary>The latest edit of every ad that has one, by id.</summary>
    public IReadOnlyCollection<CatalogueEdit> Latest => _edits.Values;

    /// <summary>Takes an edit in.</summary>
    public void Apply(CatalogueEdit edit) => _edits[edit.Id] = edit;

    /// <summary>An edit as bytes.</summary>
    public static byte[] Write(CatalogueEdit edit) => JsonSerializer.SerializeToUtf8Bytes(edit, CatalogueJson.Default.CatalogueEdit);

    /// <summary>An edit of bytes.</summary>
    /// <exception cref="InvalidDataException">The bytes are no edit.</exception>
    public static CatalogueEdit ReadEdit(ReadOnlySpan<byte> bytes) =>
        Read(bytes, CatalogueJson.Default.CatalogueEdit, "Catalogue edit");

    /// <summary>All memory.</summary>
    public byte[] ToSnapshot() => JsonSerializer.SerializeToUtf8Bytes([.. _edits.Values], CatalogueJson.Default.CatalogueEditArray);

    /// <summary>Goes on from a snapshot.</summary>
    /// <exception cref="InvalidDataException">The bytes are no snapshot.</exception>
    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        CatalogueEdit[] edits = Read(snapshot, CatalogueJson.Default.CatalogueEditArray, "Catalogue snapshot");
        _edits.Clear();
        foreach (CatalogueEdit edit in edits)
            Apply(edit ?? throw new InvalidDataException("Catalogue snapshot: an edit is null."));
    }

    private static T Read<T>(ReadOnlySpan<byte> bytes, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"{what}: the JSON says null.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{what}: {e.Message}", e);
        }
    }
}
