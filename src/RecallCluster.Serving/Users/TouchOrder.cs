namespace RecallCluster.Serving.Users;

/// <summary>Users by when they were touched last. Not thread-safe.</summary>
internal sealed class TouchOrder
{
    private readonly LinkedList<string> _order = new();
    private readonly Dictionary<string, LinkedListNode<string>> _nodes = new(StringComparer.Ordinal);

    public int Count => _nodes.Count;

    /// <summary>The one touched longest ago first.</summary>
    public IEnumerable<string> OldestFirst => _order;

    public void Touch(string user)
    {
        if (_nodes.TryGetValue(user, out LinkedListNode<string>? node))
            _order.Remove(node);
        else
            _nodes[user] = node = new LinkedListNode<string>(user);
        _order.AddLast(node);
    }

    public bool Remove(string user)
    {
        if (!_nodes.Remove(user, out LinkedListNode<string>? node))
            return false;
        _order.Remove(node);
        return true;
    }

    /// <summary>Takes out the one touched longest ago.</summary>
    public string RemoveOldest()
    {
        string user = _order.First!.Value;
        Remove(user);
        return user;
    }
}
