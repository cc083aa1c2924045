using System.Text.Json;
using RecallCluster.Serving.Catalogue;
using RecallCluster.Serving.State;

namespace RecallCluster.Grains.Market;

/// <summary>
/// The catalogue's edits, and the order in which they brought facets: facets are numbered in that order on every silo, whenever it came,
/// so that a query's bits mean the same everywhere.
/// </summary>
internal sealed class OrderedCatalogue : IStateMachine
{
    private const string MachineKind = "The catalogue's snapshot";

    private readonly CatalogueEdits _edits = new();
    private readonly List<CatalogueEdit> _firsts = [];
    private readonly HashSet<Facet> _seen = [];

    /// <summary>The latest edit of every ad that has one.</summary>
    public IReadOnlyCollection<CatalogueEdit> Latest => _edits.Latest;

    /// <summary>For each facet that edits brought, the edit that did, in order.</summary>
    public IReadOnlyList<CatalogueEdit> FacetOrder => _firsts;

    /// <summary>Called with every edit that is applied; null for nobody.</summary>
    public Action<CatalogueEdit>? Changed
    {
        get => _edits.Changed;
        set => _edits.Changed = value;
    }

    /// <inheritdoc/>
    public Applied Apply(JournalRecord record)
    {
        Applied applied = _edits.Apply(record);
        Note(record.Read(CatalogueJson.Default.CatalogueEdit));
        return applied;
    }

    /// <inheritdoc/>
    public byte[] Snapshot()
    {
        var sections = new SnapshotSections();
        sections.Add("edits", _edits.Snapshot());
        sections.Add("facets", JsonSerializer.SerializeToUtf8Bytes([.. _firsts], CatalogueJson.Default.CatalogueEditArray));
        return sections.ToBytes();
    }

    /// <inheritdoc/>
    public void Restore(ReadOnlyMemory<byte> snapshot)
    {
        SnapshotSections sections = SnapshotSections.Read(snapshot, MachineKind);
        _edits.Restore(sections.Get("edits"));
        CatalogueEdit[] firsts = SnapshotSections.ReadJson(sections.Get("facets"), CatalogueJson.Default.CatalogueEditArray, MachineKind);
        Array.ForEach(firsts, Note);
    }

    private void Note(CatalogueEdit edit)
    {
        if (edit.Ad is { } line && _seen.Add(Facet.Of(line.ToAd())))
            _firsts.Add(edit);
    }
}
