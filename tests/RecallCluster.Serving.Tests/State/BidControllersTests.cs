using RecallCluster.Bidding.Control;
using RecallCluster.Bidding.Control.Networks;
using RecallCluster.Bidding.Control.Replan;
using RecallCluster.Bidding.Control.Uscb;
using RecallCluster.Bidding.Formula;
using RecallCluster.Bidding.Goals;
using RecallCluster.Serving.Campaigns;

namespace RecallCluster.Serving.Tests.State;

public class BidControllersTests
{
    [Theory]
    [InlineData(ControllerCatalogue.Uscb)]
    [InlineData(ControllerCatalogue.Drlb)]
    public void A_trained_controller_is_shipped_for_every_product(string controller)
    {
        var controllers = new BidControllers();

        Assert.All(BidProduct.All, product =>
        {
            Assert.Equal(controller, controllers.InPlaceOf(controller, product.Name));
            string stem = ControllerCatalogue.FileStem(controller, product.Name);
            Assert.Equal(controller, TrainedActor.Load(Path.Combine(ControllerCatalogue.ShippedActors, stem)).Config.Controller);
        });
    }

    [Fact]
    public void A_folder_of_actors_takes_the_place_of_those_that_are_shipped()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actors");
        try
        {
            TrainedActor other = TrainedActor.Load(Path.Combine(ControllerCatalogue.ShippedActors, "uscb-click-ctr"));
            other.Save(Path.Combine(folder.FullName, "uscb-click-cpc"));
            var setting = new ControllerSetting(BidProduct.ClickCpc.Goal(10, cpc: 1), new BidWeights(1, 0.5));

            double own = First(new BidControllers().Create("uscb", "click-cpc", setting));

            double replaced = First(new BidControllers(folder.FullName).Create("uscb", "click-cpc", setting));
            Assert.Equal(First(new UscbController(setting, other.Network)), replaced);
            Assert.NotEqual(own, replaced);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void An_actor_for_another_number_of_kpis_is_refused_by_its_file()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("actors");
        try
        {
            TrainedActor other = TrainedActor.Load(Path.Combine(ControllerCatalogue.ShippedActors, "uscb-click-cpc"));
            other.Save(Path.Combine(folder.FullName, "uscb-click"));

            Assert.Contains(
                "uscb-click.json", Assert.Throws<InvalidDataException>(() => new BidControllers(folder.FullName)).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_controller_that_nobody_knows_is_replaced_by_one_that_needs_no_training()
    {
        var setting = new ControllerSetting(BidProduct.Click.Goal(10), new BidWeights(1));

        Assert.IsType<ReplanController>(new BidControllers().Create("oracle", "click", setting));
        Assert.Equal(BidControllers.Fallback, new BidControllers().InPlaceOf("oracle", "click"));
    }

    private static double First(IBidController controller) => controller.Decide(new ControlState
    {
        Tick = 0,
        Ticks = 48,
        Elapsed = 0,
        TickShare = 1.0 / 48,
        Budget = 10,
        Total = default,
        Last = default,
        Weights = new BidWeights(1, 0.5),
    }).Value;
}
