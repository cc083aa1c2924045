using System.Text;
using RecallCluster.Numerics;

namespace RecallCluster.Cli.Plots;

/// <summary>Saves charts as SVG files.</summary>
internal static class PlotFile
{
    /// <exception cref="IOException">The file could not be written; what stood there is as before.</exception>
    public static void Save(string path, LineChart chart) => AtomicFile.Write(path, Encoding.UTF8.GetBytes(SvgLineChart.Draw(chart)));
}
