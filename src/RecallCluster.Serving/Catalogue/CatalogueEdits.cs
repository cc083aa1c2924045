using System.Text.Json;
using RecallCluster.Serving.State;

namespace RecallCluster.Serving.Catalogue;

/// <summary>One live change of the catalogue, as a journal keeps it.</summary>
/// <param name="Id">The ad.</param>
/// <param name="Ad">What it is from now on; null when it is taken away.</param>
internal sealed record CatalogueEdit(string Id, AdLine? Ad);

/// <summary>
/// All live changes on top of the ads file, as a state machine without I/O: told edits in journal order by one writer; a snapshot and the
/// edits since then give it back. An ad's latest edit is all that matters. Edits were checked before they were written.
/// </summary>
internal sealed class CatalogueEdits : IStateMachine
{
    private readonly SortedDictionary<string, CatalogueEdit> _edits = new(StringComparer.Ordinal);

    /// <summary>The latest edit of every ad that has one, by id.</summary>
    public IReadOnlyCollection<CatalogueEdit> Latest => _edits.Values;

    /// <summary>Called with every edit that is durable, by the journal's writer; null until the catalogue is there.</summary>
    public Action<CatalogueEdit>? Changed { get; set; }

    /// <summary>Key of the machine in a journal.</summary>
    public const string Key = "catalogue";

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        CatalogueEdit edit = record.Read(CatalogueJson.Default.CatalogueEdit);
        _edits[edit.Id] = edit;
        Changed?.Invoke(edit);
        return new Applied(true);
    }

    /// <summary>An edit as bytes.</summary>
    public static byte[] Write(CatalogueEdit edit) => JsonSerializer.SerializeToUtf8Bytes(edit, CatalogueJson.Default.CatalogueEdit);

    /// <inheritdoc/>
    public byte[] Snapshot() => JsonSerializer.SerializeToUtf8Bytes([.. _edits.Values], CatalogueJson.Default.CatalogueEditArray);

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        CatalogueEdit[] edits = Read(snapshot.Span, CatalogueJson.Default.CatalogueEditArray, "Catalogue snapshot");
        _edits.Clear();
        foreach (CatalogueEdit edit in edits)
            _edits[(edit ?? throw new InvalidDataException("Catalogue snapshot: an edit is null.")).Id] = edit;
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
