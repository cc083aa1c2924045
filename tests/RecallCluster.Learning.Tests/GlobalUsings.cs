global using Tensor = RecallCluster.Learning.Tensors.Tensor;
