using RecallCluster.Data.Importers;
using RecallCluster.Testing;

namespace RecallCluster.Data.Tests;

public class WinPriceHistogramTests
{
    [Fact]
    public void A_file_is_read_and_a_broken_one_is_refused_by_field()
    {
        using var scratch = new TemporaryDirectory();
        string path = scratch["a.info.json"];
        string Message(string json)
        {
            File.WriteAllText(path, json);
            return Assert.Throws<InvalidDataException>(() => WinPriceHistogram.Read(path)).Message;
        }
        File.WriteAllText(path, """{"clk_train": 2, "price_counter_train": [0, 5, 3], "other": {}}""");
        WinPriceHistogram histogram = WinPriceHistogram.Read(path);
        Assert.Equal([0, 5, 3], histogram.Counts);
        Assert.Equal((8, 2), (histogram.Impressions, histogram.Clicks));
        Assert.Contains("price_counter_train[1]", Message("""{"clk_train": 2, "price_counter_train": [0, -5]}"""));
        Assert.Contains("price_counter_train[0]", Message("""{"clk_train": 2, "price_counter_train": ["x"]}"""));
        Assert.Contains("no impression", Message("""{"clk_train": 2, "price_counter_train": []}"""));
        Assert.Contains("price_counter_train", Message("""{"clk_train": 2}"""));
        Assert.Contains("clk_train", Message("""{"clk_train": 0.5, "price_counter_train": [1]}"""));
        Assert.Contains("64 bits", Message("""{"clk_train": 2, "price_counter_train": [9223372036854775807, 1]}"""));
        Assert.Contains("line 2", Message("{\n]"));
        Assert.Throws<FileNotFoundException>(() => WinPriceHistogram.Read(path + "x"));
    }

    [SharedDataFact("ipinyou_histograms")]
    public void The_histogram_of_1458_holds_its_three_million_impressions()
    {
        WinPriceHistogram histogram = WinPriceHistogram.Read(Path.Combine(SharedData.Folder("ipinyou_histograms"), "1458.info.json"));
        Assert.Equal((301, 3_083_056, 2454), (histogram.Counts.Length, histogram.Impressions, histogram.Clicks));
    }
}
