namespace RecallCluster.Simulation.Market;

/// <summary>
/// Generates a day's blocks ahead of their use. A block's content depends on its place in the day only, so the number of threads changes
/// nothing but the time it takes.
/// </summary>
internal sealed class BlockPipeline
{
    private readonly MarketWorld _world;
    private readonly AuctionBlock[] _blocks;
    private readonly Task[] _tasks;

    /// <param name="world">Generates.</param>
    /// <param name="ahead">Blocks in the making while one is used; 0 makes each when it is asked for.</param>
    public BlockPipeline(MarketWorld world, int ahead)
    {
        _world = world;
        _blocks = new AuctionBlock[ahead + 1];
        for (int i = 0; i < _blocks.Length; i++)
            _blocks[i] = new AuctionBlock(world.WidestSegment, world.Slots);
        _tasks = new Task[_blocks.Length];
    }

    /// <summary>Hands out the blocks of a day in order; a block is valid until the next one is asked for.</summary>
    public IEnumerable<(int Tick, AuctionBlock? Block)> Day(int day)
    {
        var places = new List<(int Tick, int Index)>();
        for (int tick = 0; tick < _world.Options.TicksPerDay; tick++)
        {
            // A tick without auctions is a tick all the same.
            places.Add((tick, -1));
            int auctions = _world.AuctionsOf(day, tick);
            for (int index = 0; index * AuctionBlock.Capacity < auctions; index++)
                places.Add((tick, index));
        }
        int ahead = _blocks.Length - 1;
        for (int i = 0; i < Math.Min(ahead, places.Count); i++)
            Begin(i);
        for (int i = 0; i < places.Count; i++)
        {
            if (i + ahead < places.Count)
                Begin(i + ahead);
            _tasks[i % _tasks.Length].GetAwaiter().GetResult();
            yield return (places[i].Tick, places[i].Index < 0 ? null : _blocks[i % _blocks.Length]);
        }

        void Begin(int i)
        {
            (int tick, int index) = places[i];
            AuctionBlock block = _blocks[i % _blocks.Length];
            Task task = Task.CompletedTask;
            if (index >= 0 && ahead == 0)
                _world.Generate(day, tick, index, block);
            else if (index >= 0)
                task = Task.Run(() => _world.Generate(day, tick, index, block));
            _tasks[i % _tasks.Length] = task;
        }
    }
}
