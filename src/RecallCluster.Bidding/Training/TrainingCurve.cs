using RecallCluster.Learning.Files;

namespace RecallCluster.Bidding.Training;

/// <summary>Rounds and scores of a training in its checkpoint.</summary>
internal static class TrainingCurve
{
    public static void Save(SafeTensorsWriter writer, int round, IReadOnlyList<TrainingPoint> curve)
    {
        writer.Add("round", new[] { (long)round }, 1);
        long[] points =
        [
            .. curve.SelectMany(point => new[]
            {
                point.Round, point.Steps, BitConverter.DoubleToInt64Bits(point.Score), BitConverter.DoubleToInt64Bits(point.Loss),
            }),
        ];
        writer.Add("curve", points, curve.Count, 4);
    }

    /// <summary>Reads the curve and returns the number of rounds.</summary>
    public static int Load(SafeTensorsFile file, List<TrainingPoint> curve)
    {
        curve.Clear();
        foreach (long[] point in file.ReadIntegers("curve").Chunk(4))
            curve.Add(new TrainingPoint(
                (int)point[0], point[1], BitConverter.Int64BitsToDouble(point[2]), BitConverter.Int64BitsToDouble(point[3])));
        return (int)file.ReadIntegers("round")[0];
    }

    public static double Best(IReadOnlyList<TrainingPoint> curve) =>
        curve.Select(point => point.Score).DefaultIfEmpty(double.NegativeInfinity).Max();
}
