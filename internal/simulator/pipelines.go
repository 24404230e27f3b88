package simulator

// pipelineAttributes are the fields of a pipeline [v2 /pipelines; v1 of
// 2026-01-14 /pipelines].
var pipelineAttributes = []attribute[Pipeline]{
	same("id", "", func(p *Pipeline) any { return p.ID }),
	same("name", "", func(p *Pipeline) any { return p.Name }),
	onlyV1("url_title", func(_ *Company, p *Pipeline) any { return p.URLTitle }),
	same("order_nr", "", func(p *Pipeline) any { return p.OrderNr }),
	{
		v2: "is_deleted", v1: "active",
		value:   func(_ *Company, p *Pipeline) any { return p.IsDeleted },
		v1Value: func(_ *Company, p *Pipeline) any { return !p.IsDeleted },
	},
	{
		v2: "is_deal_probability_enabled", v1: "deal_probability",
		value: func(_ *Company, p *Pipeline) any { return p.IsDealProbabilityEnabled },
	},
	same("add_time", "", func(p *Pipeline) any { return p.AddTime }),
	same("update_time", "", func(p *Pipeline) any { return p.UpdateTime }),
	onlyV1("selected", func(_ *Company, p *Pipeline) any { return p.Selected }),
}

// stageAttributes are the fields of a stage [v2 /stages; v1 of 2026-01-14
// /stages].
var stageAttributes = []attribute[Stage]{
	same("id", "", func(s *Stage) any { return s.ID }),
	same("order_nr", "", func(s *Stage) any { return s.OrderNr }),
	same("name", "", func(s *Stage) any { return s.Name }),
	{
		v2: "is_deleted", v1: "active_flag",
		value:   func(_ *Company, s *Stage) any { return s.IsDeleted },
		v1Value: func(_ *Company, s *Stage) any { return !s.IsDeleted },
	},
	same("deal_probability", "", func(s *Stage) any { return s.DealProbability }),
	same("pipeline_id", "", func(s *Stage) any { return reference(s.PipelineID) }),
	{v2: "is_deal_rot_enabled", v1: "rotten_flag", value: func(_ *Company, s *Stage) any { return s.IsDealRotEnabled }},
	{v2: "days_to_rotten", v1: "rotten_days", value: func(_ *Company, s *Stage) any { return s.DaysToRotten }},
	same("add_time", "", func(s *Stage) any { return s.AddTime }),
	same("update_time", "", func(s *Stage) any { return s.UpdateTime }),
	onlyV1("pipeline_name", func(c *Company, s *Stage) any {
		if p := c.pipelines.rows[s.PipelineID]; p != nil {
			return p.Name
		}
		return nil
	}),
	onlyV1("pipeline_deal_probability", func(c *Company, s *Stage) any {
		p := c.pipelines.rows[s.PipelineID]
		return p != nil && p.IsDealProbabilityEnabled
	}),
}
