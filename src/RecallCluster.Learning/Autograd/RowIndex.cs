namespace RecallCluster.Learning.Autograd;

/// <summary>Row numbers that an operation holds on to until its tape is reset; the array comes from the tape's pool.</summary>
internal readonly struct RowIndex(int[] array, int length)
{
    public ReadOnlySpan<int> Values => array.AsSpan(0, length);
}
